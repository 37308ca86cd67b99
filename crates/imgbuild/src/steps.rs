//! Single steps of a plan: their instructions, and the keys that decide whether they are done again.
//!
//! A key enters the build file as `ARG IMGPIPE_STEP_2=…` just before its step. Builders count an argument's value as
//! part of every `RUN` behind it, so their own caches follow the key; a step without a key is cached by its text,
//! and by what it copies. The keys are part of the fingerprint: where none changed, nothing is built.

mod files;
mod keys;
mod probes;
mod written;

pub(crate) use keys::{Keyed, StepKeys};
pub use probes::Probes;
pub(crate) use written::append;

/// How the arguments begin that hold keys. No other argument of a build may.
pub(crate) const ARGUMENT: &str = "IMGPIPE_STEP_";
