//! Build what a plan misses, save and register it.
//!
//! [`Builder`] does the work; [`cli`] is the command. What needs no engine stands apart: build files,
//! contexts, fingerprints.

mod base;
mod builder;
pub mod buildfile;
mod cache_source;
pub mod cli;
mod complaint;
mod contents;
pub mod context;
mod earlier;
mod error;
pub mod fingerprint;
mod foreseen;
mod ingredients;
mod inputs;
mod look;
mod making;
mod matrix;
mod named;
mod needed;
mod own;
mod paths;
mod place;
mod possible;
mod reading;
mod recipe;
mod schedule;
mod sources;
mod steps;
mod temporary;
mod together;
mod turns;

pub use builder::{Builder, Built, Options};
pub use error::{Error, Result};
pub use steps::Probes;
pub use turns::Turns;
