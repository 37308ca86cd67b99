//! Chooses the best image for a requirement, or the best base and the missing parts.
//!
//! Reads the registry, checks which archives exist, leases the images, prints plans. Starts no engine, except for some
//! costs and views.

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
