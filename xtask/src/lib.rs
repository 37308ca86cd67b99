//! The project's own tasks, run as `cargo xtask`.
//!
//! A library beside the program, because the tests use the Debian base ([`debian`]) and the folders ([`folders`]).

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tasks report to their users"
)]

mod bench;
mod clean;
mod cli;
mod cmd;
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
mod several;
mod soak;
mod steps;
mod test;
mod test_programs;
mod tools;

pub use cli::main;
pub use engine::TestEngine;
pub use error::Error;
pub use test_programs::COMMANDS_ARE_BUILT;
