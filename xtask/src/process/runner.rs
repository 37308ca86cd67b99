//! What all children of a task share, and the signals that end it.

use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use camino::Utf8Path;
use duct::{Expression, Handle};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::Command;
use super::group::{end_group, spawn};
use crate::Error;

/// How often a wait looks for a signal.
const TICK: Duration = Duration::from_millis(50);
/// How long a child may take to end after a signal, before it is killed.
const GRACE: Duration = Duration::from_secs(15);
/// How much of a failed program's captured output an error shows.
const TAIL_LINES: usize = 20;

/// The surroundings that all children of a task share, and the signals that end it.
#[derive(Debug, Clone, Default)]
pub struct Runner {
    signal: Arc<AtomicUsize>,
    environment: Vec<(&'static str, Option<String>)>,
    patient: bool,
}

impl Runner {
    /// A runner that SIGINT, SIGTERM and SIGHUP end in order. `Runner::default()` leaves signals alone.
    ///
    /// # Errors
    /// Where the system refuses the handlers.
    pub fn with_signals() -> Result<Self, Error> {
        let runner = Self::default();
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            let number = usize::try_from(signal).unwrap_or_default();
            signal_hook::flag::register_usize(signal, Arc::clone(&runner.signal), number).map_err(
                |source| Error::Start {
                    program: "signal handler".into(),
                    source,
                },
            )?;
        }
        Ok(runner)
    }

    /// One with the same surroundings that no signal ends: for what has to be put in order after one.
    #[must_use]
    pub fn regardless(&self) -> Self {
        Self {
            signal: Arc::default(),
            environment: self.environment.clone(),
            patient: self.patient,
        }
    }

    /// One that lets a child end by itself when a signal arrives, and starts no other: an engine goes on with what a client
    /// that was ended had asked for, and nobody knows until when.
    #[must_use]
    pub fn patient(&self) -> Self {
        Self {
            patient: true,
            ..self.clone()
        }
    }

    /// Sets a variable for every child from here on, or removes it.
    pub fn set(&mut self, name: &'static str, value: Option<String>) {
        self.environment.push((name, value));
    }

    /// What a variable holds for the children of this runner.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<String> {
        match self.environment.iter().rev().find(|(set, _)| *set == name) {
            Some((_, value)) => value.clone(),
            None => std::env::var(name).ok(),
        }
    }

    pub(super) fn environment(&self) -> &[(&'static str, Option<String>)] {
        &self.environment
    }

    /// Fails once a signal has arrived.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn check(&self) -> Result<(), Error> {
        match u8::try_from(self.signal.load(Ordering::SeqCst)) {
            Ok(0) | Err(_) => Ok(()),
            Ok(signal) => Err(Error::Interrupted { signal }),
        }
    }

    /// Waits this long, or until a signal arrives.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn pause(&self, time: Duration) -> Result<(), Error> {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.check()?;
            std::thread::sleep(TICK.min(time));
        }
        self.check()
    }

    /// Runs a command whose output goes to the terminal.
    ///
    /// # Errors
    /// Where it can't be started, fails, or a signal arrives.
    pub fn run(&self, command: &Command) -> Result<(), Error> {
        self.finish(command, &command.expression(self)).map(drop)
    }

    /// Runs a command whose output matters only when it fails.
    ///
    /// # Errors
    /// As [`Runner::run`], with the tail of the output.
    pub fn run_quietly(&self, command: &Command) -> Result<(), Error> {
        self.finish(
            command,
            &command.expression(self).stderr_to_stdout().stdout_capture(),
        )
        .map(drop)
    }

    /// Runs a command and returns its standard output, without the final newline. Its stderr goes to the terminal.
    ///
    /// # Errors
    /// As [`Runner::run`].
    pub fn read(&self, command: &Command) -> Result<String, Error> {
        let output = self.finish(command, &command.expression(self).stdout_capture())?;
        Ok(String::from_utf8_lossy(&output.stdout)
            .trim_end_matches('\n')
            .to_owned())
    }

    /// As [`Runner::read`], with what the command says on stderr instead of the terminal getting it.
    ///
    /// # Errors
    /// As [`Runner::run`], with the tail of both outputs.
    pub fn read_all(&self, command: &Command) -> Result<String, Error> {
        let output = self.finish(
            command,
            &command.expression(self).stdout_capture().stderr_capture(),
        )?;
        Ok(String::from_utf8_lossy(&output.stdout)
            .trim_end_matches('\n')
            .to_owned())
    }

    /// Whether a command succeeds; what it says is not shown.
    ///
    /// # Errors
    /// [`Error::Interrupted`] alone: a program that is not there does not succeed.
    pub fn succeeds(&self, command: &Command) -> Result<bool, Error> {
        match self.run_quietly(command) {
            Ok(()) => Ok(true),
            Err(interrupted @ Error::Interrupted { .. }) => Err(interrupted),
            Err(_) => Ok(false),
        }
    }

    /// Runs a command whose output, of which nothing is shown, goes into a file, and returns whether it succeeds.
    ///
    /// # Errors
    /// Where it can't be started, or a signal arrives.
    pub fn run_into(&self, command: &Command, log: &Utf8Path) -> Result<bool, Error> {
        let file = std::fs::File::create(log).map_err(Error::io(log))?;
        let expression = command.expression(self);
        let expression = expression.stderr_to_stdout().stdout_file(file);
        match self.finish(command, &expression) {
            Ok(_) => Ok(true),
            Err(Error::Failed { .. }) => Ok(false),
            Err(other) => Err(other),
        }
    }

    /// Starts a command that runs beside the task, its output in the file `log`. The caller ends it.
    ///
    /// # Errors
    /// Where it can't be started.
    pub fn start(&self, command: &Command, log: &Utf8Path) -> Result<Handle, Error> {
        let file = std::fs::File::options()
            .create(true)
            .append(true)
            .open(log)
            .map_err(Error::io(log))?;
        let expression = command
            .expression(self)
            .stderr_to_stdout()
            .stdout_file(file);
        spawn(command, &expression)
    }

    fn finish(&self, command: &Command, expression: &Expression) -> Result<Output, Error> {
        self.check()?;
        let handle = spawn(command, expression)?;
        let mut told = false;
        let output = loop {
            let waited = handle.wait_timeout(TICK).map_err(|source| Error::Start {
                program: command.program().into(),
                source,
            })?;
            if let Some(output) = waited {
                break output.clone();
            }
            match self.check() {
                Err(_) if self.patient => {
                    if !std::mem::replace(&mut told, true) {
                        eprintln!("interrupted: waiting for `{}` to end", command.program());
                    }
                }
                Err(interrupted) => {
                    end_group(&handle, GRACE);
                    return Err(interrupted);
                }
                Ok(()) => {}
            }
        };
        // A signal to the child's group and to the task at once is an interruption, not a failure of the child.
        self.check()?;
        if output.status.success() {
            return Ok(output);
        }
        let said = [output.stdout, output.stderr].concat();
        let tail = tail(&String::from_utf8_lossy(&said));
        Err(Error::Failed {
            command: command.to_string(),
            code: exit_code(output.status),
            tail,
        })
    }
}

fn exit_code(status: std::process::ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt as _;
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// The last lines of a text, or nothing where there are none.
pub(crate) fn tail(text: &str) -> Option<String> {
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let last = &lines[lines.len().saturating_sub(TAIL_LINES)..];
    (!last.is_empty()).then(|| last.join("\n"))
}

#[cfg(test)]
mod tests;
