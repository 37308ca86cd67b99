//! Build what a plan misses, save and register it.
//!
//! [`Builder`] does the work; [`cli`] is the command. What needs no engine stands apart: build files,
//! contexts, fingerprints.

mod base;
mod builder;
pub mod buildfile;
pub mod cli;
mod contents;
pub mod context;
mod error;
pub mod fingerprint;
mod needed;
mod paths;
mod recipe;
mod temporary;

pub use builder::{Builder, Built, Options};
pub use error::{Error, Result};
