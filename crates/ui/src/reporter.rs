//! Words for people, on standard error.

use std::fmt::Display;

use failure::{Failure, one_line};

use crate::progress::{Progress, ProgressStyle, Screen, Spinner, Waiting};
use crate::words;

/// Says what a command is doing. Cheap to pass around by reference.
#[derive(Debug, Clone)]
pub struct Reporter {
    program: &'static str,
    quiet: bool,
    verbose: bool,
    /// Whether several tasks go on at a time.
    beside: bool,
    screen: Screen,
}

impl Reporter {
    /// For the command of this name.
    pub fn new(program: &'static str, quiet: bool, verbose: bool, style: ProgressStyle) -> Self {
        Self {
            program,
            quiet,
            verbose,
            beside: false,
            screen: Screen::new(program, style, quiet),
        }
    }

    /// Shows how far something is, until what this returns is dropped. `total` is in bytes.
    pub fn progress(&self, what: impl Display, total: Option<u64>) -> Progress {
        self.progress_from(what, total, 0)
    }

    /// The same of what goes on where it was left: so many bytes were done before.
    pub fn progress_from(&self, what: impl Display, total: Option<u64>, done: u64) -> Progress {
        self.screen.start(one_line(&what.to_string()), total, done)
    }

    /// Shows for how long something has gone on that can't be measured, until what this returns is dropped.
    pub fn wait(&self, what: impl Display) -> Waiting {
        self.screen.wait(one_line(&what.to_string()))
    }

    /// Does what writes to the terminal by another way, with progress out of its way.
    pub fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.screen.print(write)
    }

    fn line(&self, line: impl Display) {
        if !self.screen.has_ended() {
            self.screen.print(|| words::line(line));
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

    /// A line of the log.
    pub(crate) fn log(&self, line: &str) {
        self.say(line);
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

    /// The same, with what to do about it.
    pub fn warn_of(&self, failure: &Failure) {
        self.line(format_args!("{}: warning: {failure}", self.program));
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

    /// Long work of an engine that speaks while it does it. `name` tells it from other work of the same kind.
    pub fn task(&self, name: &str) -> Task {
        Task {
            reporter: self.clone(),
            name: one_line(name),
            spinner: self.beside.then(|| self.screen.spin(one_line(name))),
        }
    }

    /// From now on several tasks go on beside each other: their lines bear names.
    #[must_use]
    pub fn beside_others(mut self) -> Self {
        self.beside = true;
        self
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

/// Work of an engine, until this is dropped.
#[derive(Debug)]
pub struct Task {
    reporter: Reporter,
    name: String,
    /// Where tasks go on beside each other.
    spinner: Option<Spinner>,
}

impl Task {
    /// A line of the engine's output. On a terminal with several tasks each has one line, and shows the last of them; the
    /// others bear the task's name.
    pub fn engine(&self, line: &str) {
        match &self.spinner {
            None => self.reporter.engine(line),
            Some(spinner) => {
                spinner.say(line);
                if self.shows_engine() && !line.trim().is_empty() {
                    self.reporter.line(format_args!("{}: {line}", self.name));
                }
            }
        }
    }

    /// Whether people see every line.
    pub fn shows_engine(&self) -> bool {
        let one_line = self.spinner.as_ref().is_some_and(Spinner::is_shown);
        self.reporter.shows_engine() && (!one_line || self.reporter.verbose)
    }
}
