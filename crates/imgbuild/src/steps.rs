//! Single steps of a plan: their instructions, and the keys that decide whether they run again.
//!
//! A key becomes `ARG IMGPIPE_STEP_2=…` in the build file, just before its step. For builders, an argument's value is
//! part of every later `RUN`, so their own caches follow the key. A step without a key is cached by its text and the
//! files that it copies. The keys are part of the fingerprint: if none changed, nothing is built.

mod files;
mod keys;
mod probes;
mod written;

pub(crate) use keys::{Keyed, StepKeys};
pub use probes::Probes;
pub(crate) use written::append;

/// The prefix of arguments with keys. Other build arguments must not have it.
pub(crate) const ARGUMENT: &str = "IMGPIPE_STEP_";
