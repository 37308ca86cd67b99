//! Pick the best image for a requirement, or the best base and what is missing.
//!
//! Reads the registry, looks which archives are there, holds those that it names, prints plans. Starts no engine.

mod act;
mod archives;
pub mod cli;
mod entries;
mod grouping;
mod listing;
mod naming_flags;
mod planner;
mod project;
mod requirements;
mod text;
mod view;
mod wanted;
mod workflow;
