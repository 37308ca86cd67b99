//! Messages for people, on standard error.

use std::fmt::Display;

use failure::{Failure, one_line};

use crate::progress::{Progress, ProgressMode, Screen, Spinner, Waiting};
use crate::words;

/// Prints a command's messages. Pass it by reference.
#[derive(Debug, Clone)]
pub struct Reporter {
    program: &'static str,
    quiet: bool,
    verbose: bool,
    /// Whether several tasks run at a time.
    beside: bool,
    screen: Screen,
}

impl Reporter {
    /// For the command of this name.
    pub fn new(program: &'static str, quiet: bool, verbose: bool, style: ProgressMode) -> Self {
        Self {
            program,
            quiet,
            verbose,
            beside: false,
            screen: Screen::new(program, style, quiet),
        }
    }

    /// Shows the progress of an operation, until the result is dropped. `total` is in bytes.
    pub fn progress(&self, what: impl Display, total: Option<u64>) -> Progress {
        self.progress_from(what, total, 0)
    }

    /// The same for a resumed operation: so many bytes were done before.
    pub fn progress_from(&self, what: impl Display, total: Option<u64>, done: u64) -> Progress {
        self.screen.start(one_line(&what.to_string()), total, done)
    }

    /// Shows the elapsed time of an operation without a measure, until the result is dropped.
    pub fn wait(&self, what: impl Display) -> Waiting {
        self.screen.wait(one_line(&what.to_string()))
    }

    /// Clears progress bars during a write to the terminal.
    pub fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.screen.print(write)
    }

    fn line(&self, line: impl Display) {
        if !self.screen.has_ended() {
            self.screen.print(|| words::line(line));
        }
    }

    /// Prints a line of the command, with any names in it.
    fn say(&self, message: impl Display) {
        let message = one_line(&message.to_string());
        self.line(format_args!("{}: {message}", self.program));
    }

    /// A step of long work began or ended. Silent with `--quiet`.
    pub fn info(&self, message: impl Display) {
        if !self.quiet {
            self.say(message);
        }
    }

    /// A detail, for `--verbose`.
    pub fn detail(&self, message: impl Display) {
        if self.verbose {
            self.say(message);
        }
    }

    pub(crate) fn log(&self, line: &str) {
        self.say(line);
    }

    /// A requested explanation: a heading and its lines, also with `--quiet`.
    pub fn explain(&self, heading: &str, lines: &[String]) {
        self.say(format_args!("{heading}:"));
        for line in lines {
            self.line(format_args!("  {}", one_line(line)));
        }
    }

    /// A warning; work continues.
    pub fn warn(&self, message: impl Display) {
        self.say(format_args!("warning: {message}"));
    }

    /// The same with a hint.
    pub fn warn_of(&self, failure: &Failure) {
        self.line(format_args!("{}: warning: {failure}", self.program));
    }

    /// Whether the engine's own output is shown as it arrives.
    pub fn shows_engine(&self) -> bool {
        !self.quiet
    }

    /// A line of the engine's own output. Silent with `--quiet`.
    pub fn engine(&self, line: &str) {
        if self.shows_engine() {
            self.line(line);
        }
    }

    /// A long task of an engine with output. `name` distinguishes it from similar tasks.
    pub fn task(&self, name: &str) -> Task {
        Task {
            reporter: self.clone(),
            name: one_line(name),
            spinner: self.beside.then(|| self.screen.spin(one_line(name))),
        }
    }

    /// From now on, several tasks run at a time: their lines have names.
    #[must_use]
    pub fn beside_others(mut self) -> Self {
        self.beside = true;
        self
    }

    /// Something failed.
    pub fn failure(&self, failure: &Failure) {
        self.line(format_args!("{}: {failure}", self.program));
    }
    /// Prints the last message. After that nothing is printed, and progress bars are cleared.
    pub(crate) fn last_words(&self, failure: &Failure) {
        self.failure(failure);
        self.screen.end();
    }
}

/// A task of an engine, until this is dropped.
#[derive(Debug)]
pub struct Task {
    reporter: Reporter,
    name: String,
    /// Present if tasks run at a time.
    spinner: Option<Spinner>,
}

impl Task {
    /// A line of the engine's output. On a terminal, each of several tasks has one line with its last output;
    /// elsewhere, each line has the task's name.
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

    /// Whether every line is shown.
    pub fn shows_engine(&self) -> bool {
        let one_line = self.spinner.as_ref().is_some_and(Spinner::is_shown);
        self.reporter.shows_engine() && (!one_line || self.reporter.verbose)
    }
}
