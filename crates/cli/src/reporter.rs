//! Words for people, on standard error.
#![expect(
    clippy::print_stderr,
    reason = "this is the one place where commands speak to people"
)]

use std::fmt::Display;

use crate::Failure;

/// Says what a command is doing. Cheap to pass around by reference.
#[derive(Debug, Clone)]
pub struct Reporter {
    program: &'static str,
    quiet: bool,
    verbose: bool,
}

impl Reporter {
    /// For the command of this name.
    pub fn new(program: &'static str, quiet: bool, verbose: bool) -> Self {
        Self {
            program,
            quiet,
            verbose,
        }
    }

    /// A step of long work has begun or ended. Silent with `--quiet`.
    pub fn info(&self, message: impl Display) {
        if !self.quiet {
            eprintln!("{}: {message}", self.program);
        }
    }

    /// What only someone who asked wants to know.
    pub fn detail(&self, message: impl Display) {
        if self.verbose {
            eprintln!("{}: {message}", self.program);
        }
    }

    /// An explanation that was asked for: a heading and its lines, whatever the other flags say.
    pub fn explain(&self, heading: &str, lines: &[String]) {
        eprintln!("{}: {heading}:", self.program);
        for line in lines {
            eprintln!("  {line}");
        }
    }

    /// Something is not as it should be, and work goes on.
    pub fn warn(&self, message: impl Display) {
        eprintln!("{}: warning: {message}", self.program);
    }

    /// Whether people see the engine's own output as it comes.
    pub fn shows_engine(&self) -> bool {
        !self.quiet
    }

    /// A line of the engine's own output. Silent with `--quiet`.
    pub fn engine(&self, line: &str) {
        if self.shows_engine() {
            eprintln!("{line}");
        }
    }

    /// Something failed.
    pub fn failure(&self, failure: &Failure) {
        eprintln!("{}: {failure}", self.program);
    }
}
