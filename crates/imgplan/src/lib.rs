//! Pick the best image for a requirement, or the best base and what is missing.
//!
//! Reads the registry, looks which archives are there, holds those that it names, prints plans. Starts no engine.

pub mod cli;
mod entries;
mod planner;
mod requirements;
