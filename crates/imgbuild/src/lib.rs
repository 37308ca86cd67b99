//! Builds the missing contents of a plan, saves and registers the image.
//!
//! `Builder` does the work; [`cli`] is the command. The parts without an engine are separate: build files, contexts,
//! fingerprints.

mod asked;
mod base;
mod batch;
mod below;
mod build;
mod builder;
mod buildfile;
mod cache_source;
pub mod cli;
mod complaint;
mod contents;
mod context;
mod contradiction;
mod cycle;
mod destination;
mod dry_run;
mod earlier;
mod error;
mod fingerprint;
mod ingredients;
mod inputs;
mod inside;
mod interrupted;
mod keyed_mutex;
mod matrix;
mod merging;
mod outdated;
mod own;
mod passing;
mod paths;
mod pending;
mod possible;
mod prefetch;
mod prepared;
mod reading;
mod recipe;
mod saved;
mod schedule;
mod sources;
mod steps;
mod temporary;
mod unregistered;

use builder::{BuildOptions, Builder, Built};
use error::Error;
