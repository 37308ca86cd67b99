//! Build what a plan misses, save and register it.

pub mod buildfile;
pub mod context;
mod error;
pub mod fingerprint;

pub use error::{Error, Result};
