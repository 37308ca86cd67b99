//! Requirements, matching and plans: what somebody wants, which registered image is best for it, and what
//! is left to build.
//!
//! Pure: texts and entries in, values out. The registry is read, and files are looked for, by whoever calls.

mod cost;
mod error;
mod explain;
mod frames;
mod lists;
mod matching;
mod plan;
mod plans;
mod requirement;
mod source;
mod step;
mod values;
mod workflow;

pub use cost::{Cost, Known, Term};
pub use error::Error;
pub use explain::explain;
pub use matching::{Candidate, Marks, Pick, Selection, score, select, select_by};
pub use plan::{Build, Missing, Plan, plan_for};
pub use plans::Plans;
pub use requirement::{Requirement, parse_requirements};
pub use step::{Action, Cache, OnFailure, Probe, Step};
pub use workflow::{Facts, Filter, JobEntry, Keys, Standing, Unread, called, parse_workflow};
