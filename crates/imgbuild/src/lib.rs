//! Build what a plan misses, save and register it.
//!
//! [`Builder`] does the work; [`cli`] is the command. What needs no engine stands apart: build files,
//! contexts, fingerprints.

mod asked;
mod base;
mod below;
mod builder;
pub mod buildfile;
mod cache_source;
pub mod cli;
mod complaint;
mod contents;
pub mod context;
mod contradiction;
mod cycle;
mod earlier;
mod error;
pub mod fingerprint;
mod foreseen;
mod ingredients;
mod inputs;
mod inside;
mod interrupted;
mod look;
mod making;
mod matrix;
mod merging;
mod named;
mod needed;
mod outdated;
mod own;
mod passing;
mod paths;
mod place;
mod possible;
mod reading;
mod ready;
mod recipe;
mod saved;
mod schedule;
mod sources;
mod steps;
mod temporary;
mod together;
mod turns;
mod unregistered;

pub use builder::{Builder, Built, Options};
pub use error::{Error, Result};
pub use inside::Looked;
pub use steps::Probes;
pub use turns::Turns;
