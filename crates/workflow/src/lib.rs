//! GitHub Actions workflows: parses the entries of the jobs' matrices, and finds the image that each needs.
//!
//! Only the parts that decide about an image are read: `strategy.matrix`, `runs-on`, `container`, names, and the matrix
//! keys of things to install. Steps, services and conditions are ignored. A value that only GitHub knows is an error of
//! the entries that need it, and of no others.

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
