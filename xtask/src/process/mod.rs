//! Runs programs so that nothing outlives the task.
//!
//! Every child leads a process group of its own: Ctrl-C at the terminal reaches the task alone, which
//! passes it on to the child's whole group, waits, and returns through the ordinary error path, so that
//! whatever the task started is stopped by the same code that stops it after a failure.

mod command;
mod group;
mod runner;

pub use command::{Command, command};
pub use group::{end_group, kill_group};
pub use runner::Runner;
pub(crate) use runner::tail;
