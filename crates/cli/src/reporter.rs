//! Words for people, on standard error.
#![expect(
    clippy::print_stderr,
    reason = "this is the one place where commands speak to people"
)]

use std::fmt::Display;

use crate::Failure;
use crate::failure::one_line;
use crate::progress::{Progress, Screen, Style};

/// Says what a command is doing. Cheap to pass around by reference.
#[derive(Debug, Clone)]
pub struct Reporter {
    program: &'static str,
    quiet: bool,
    verbose: bool,
    screen: Screen,
}

impl Reporter {
    /// For the command of this name.
    pub fn new(program: &'static str, quiet: bool, verbose: bool, style: Style) -> Self {
        Self {
            program,
            quiet,
            verbose,
            screen: Screen::new(program, style, quiet),
        }
    }

    /// Shows how far something is, until what this returns is dropped. `total` is in bytes.
    pub fn progress(&self, what: impl Display, total: Option<u64>) -> Progress {
        self.screen.start(one_line(&what.to_string()), total)
    }

    /// Does what writes to the terminal by another way, with progress out of its way.
    pub fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.screen.print(write)
    }

    fn line(&self, line: impl Display) {
        if !self.screen.has_ended() {
            self.screen.print(|| eprintln!("{line}"));
        }
    }

    /// A line of the command's own, whatever names it holds.
    fn say(&self, message: impl Display) {
        let message = one_line(&message.to_string());
        self.line(format_args!("{}: {message}", self.program));
    }

    /// A step of long work has begun or ended. Silent with `--quiet`.
    pub fn info(&self, message: impl Display) {
        if !self.quiet {
            self.say(message);
        }
    }

    /// What only someone who asked wants to know.
    pub fn detail(&self, message: impl Display) {
        if self.verbose {
            self.say(message);
        }
    }

    /// An explanation that was asked for: a heading and its lines, whatever the other flags say.
    pub fn explain(&self, heading: &str, lines: &[String]) {
        self.say(format_args!("{heading}:"));
        for line in lines {
            self.line(format_args!("  {}", one_line(line)));
        }
    }

    /// Something is not as it should be, and work goes on.
    pub fn warn(&self, message: impl Display) {
        self.say(format_args!("warning: {message}"));
    }

    /// Whether people see the engine's own output as it comes.
    pub fn shows_engine(&self) -> bool {
        !self.quiet
    }

    /// A line of the engine's own output. Silent with `--quiet`.
    pub fn engine(&self, line: &str) {
        if self.shows_engine() {
            self.line(line);
        }
    }

    /// Something failed.
    pub fn failure(&self, failure: &Failure) {
        self.line(format_args!("{}: {failure}", self.program));
    }
    /// Something ends the command. Nothing is said any more by anybody, and progress is gone from the terminal.
    pub(crate) fn last_words(&self, failure: &Failure) {
        self.failure(failure);
        self.screen.end();
    }
}
