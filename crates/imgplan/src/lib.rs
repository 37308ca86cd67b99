//! Pick the best image for a requirement, or the best base and what is missing.
//!
//! Reads the registry, looks which archives are there, prints plans. Starts no engine and writes nothing.

pub mod cli;
mod entries;
mod requirements;
