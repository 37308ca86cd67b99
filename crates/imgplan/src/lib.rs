//! Pick the best image for a requirement, or the best base and what is missing.
//!
//! Reads the registry, looks which archives are there, holds those that it names, prints plans. Starts no engine.

mod act;
pub mod cli;
mod entries;
mod faults;
mod grouping;
mod listing;
mod naming_flags;
mod planner;
mod project;
mod request;
mod requirements;
mod text;
mod view;
mod workflow;
