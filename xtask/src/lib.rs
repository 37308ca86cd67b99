//! The project's own tasks, run as `cargo xtask`: the demo, the tests that CI runs, the bench, and the removal of
//! what they leave.
//!
//! A library beside the program, because the tests use two of its parts: the Debian base
//! ([`debian`]) and the way processes are run ([`process`]).

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a task's purpose is to tell whoever runs it what happens"
)]

mod bench;
mod clean;
mod cli;
pub mod debian;
mod demo;
mod dependencies;
mod dist;
mod engine;
mod engines;
mod error;
mod files;
pub mod folders;
mod generate;
mod install;
mod packages;
pub mod process;
mod several;
mod soak;
mod staged;
mod steps;
mod test;
mod test_programs;

pub use cli::main;
pub use engines::COMMANDS_ARE_BUILT;
pub use error::Error;
