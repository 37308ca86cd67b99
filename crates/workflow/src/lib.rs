//! GitHub Actions workflows: from a text to the entries of its jobs' matrices, and what image each wants.
//!
//! Only what decides about an image is read: `strategy.matrix`, `runs-on`, `container`, names, and those keys of a matrix
//! that say what is to be installed. Steps, services and conditions are not looked at. What only GitHub knows when the
//! workflow runs is an error of the entry that needs it, and of no other.

mod architecture;
mod entry;
mod expression;
mod filter;
mod jobs;
mod json;
mod marks;
mod matrix;
mod needs;
mod system;
mod template;
mod value;

pub use entry::{Facts, JobEntry};
pub use filter::Filter;
pub use jobs::{Unread, called, parse_workflow};
pub use needs::{MatrixKeys, Standing};
