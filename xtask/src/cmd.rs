//! Runs programs, through the crate `process`: a signal to the task ends all of them, with all that they have started.

use std::fmt;
use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::os::unix::process::ExitStatusExt as _;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use duct::Expression;
use process::{Child, Running, SIGTERM};
use signal_hook::consts::{SIGHUP, SIGINT};
use signal_hook::iterator::Signals;

use crate::Error;
use crate::folders::workspace;

/// How often a wait looks for a signal. Also how long the signal that ended a program may take to reach the task.
const STEP: Duration = Duration::from_millis(100);
/// How many lines of a failed program's output an error shows.
const TAIL_LINES: usize = 20;

/// The signal that ends the task, or 0.
static SIGNAL: AtomicI32 = AtomicI32::new(0);

/// From now on, SIGINT, SIGTERM and SIGHUP end the commands that run, and then the task, by [`Error::Interrupted`].
pub(crate) fn watch_signals() -> Result<(), Error> {
    let signals = Signals::new([SIGINT, SIGTERM, SIGHUP]);
    let mut signals = signals.map_err(Error::io("signal handlers"))?;
    std::thread::spawn(move || {
        for signal in signals.forever() {
            SIGNAL.store(signal, Ordering::SeqCst);
            process::kill_all();
        }
    });
    Ok(())
}

/// Fails once a signal has arrived.
pub(crate) fn check() -> Result<(), Error> {
    match SIGNAL.load(Ordering::SeqCst) {
        0 => Ok(()),
        signal => Err(Error::Interrupted(signal)),
    }
}

/// Waits until something is so, for at most `limit`, and returns whether it is so.
pub(crate) fn wait_until(
    limit: Duration,
    mut is_so: impl FnMut() -> Result<bool, Error>,
) -> Result<bool, Error> {
    let end = Instant::now().checked_add(limit);
    loop {
        check()?;
        if is_so()? {
            return Ok(true);
        }
        if end.is_some_and(|end| Instant::now() > end) {
            return Ok(false);
        }
        std::thread::sleep(STEP);
    }
}

/// The value of an environment variable that is not empty.
pub(crate) fn variable(name: &str) -> Option<String> {
    let value = std::env::var(name).ok();
    value.filter(|value| !value.is_empty())
}

/// A command line. It reads nothing on its standard input, unless [`Cmd::input`] says what.
#[derive(Debug, Clone)]
pub(crate) struct Cmd {
    pub(crate) words: Vec<String>,
    folder: Option<Utf8PathBuf>,
    environment: Vec<(&'static str, String)>,
    input: Vec<u8>,
    cleans_up: bool,
}

/// A command from words that are separated by spaces.
pub(crate) fn cmd(words: &str) -> Cmd {
    let mut words = words.split_whitespace();
    Cmd::of(words.next().unwrap_or_default()).args(words)
}

/// A script for `sh`, whose arguments from `$1` on are to follow.
pub(crate) fn sh(script: &str) -> Cmd {
    cmd("sh -c").args([script, "sh"])
}

/// The Cargo that runs this task, in the workspace.
pub(crate) fn cargo(words: &str) -> Cmd {
    let cargo = variable("CARGO").unwrap_or_else(|| "cargo".into());
    let words = words.split_whitespace();
    Cmd::of(cargo).args(words).folder(workspace())
}

impl Cmd {
    /// A program, by its name or path.
    pub(crate) fn of(program: impl AsRef<str>) -> Self {
        Self {
            words: vec![program.as_ref().to_owned()],
            folder: None,
            environment: Vec::new(),
            input: Vec::new(),
            cleans_up: false,
        }
    }

    /// Adds an argument.
    pub(crate) fn arg(self, word: impl AsRef<str>) -> Self {
        self.args([word])
    }

    /// Adds arguments.
    pub(crate) fn args<W: AsRef<str>>(mut self, words: impl IntoIterator<Item = W>) -> Self {
        let words = words.into_iter().map(|word| word.as_ref().to_owned());
        self.words.extend(words);
        self
    }

    /// Puts words before the others: a program that runs what follows.
    pub(crate) fn preceded_by(mut self, words: &[String]) -> Self {
        self.words.splice(0..0, words.iter().cloned());
        self
    }

    /// Runs in this folder.
    pub(crate) fn folder(mut self, folder: impl Into<Utf8PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Runs with this variable.
    pub(crate) fn variable(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    /// Runs with these variables.
    pub(crate) fn variables(self, variables: &[(&'static str, String)]) -> Self {
        let set = variables.iter();
        set.fold(self, |command, (name, value)| command.variable(name, value))
    }

    /// Reads these bytes.
    pub(crate) fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = bytes.into();
        self
    }

    /// Runs also after a signal, which does not end it.
    pub(crate) fn cleaning_up(mut self) -> Self {
        self.cleans_up = true;
        self
    }

    /// Runs it, with its output on the terminal.
    pub(crate) fn run(&self) -> Result<(), Error> {
        self.finish(&self.expression(), None)
    }

    /// Runs it, and shows the end of its output only if it fails.
    pub(crate) fn run_quietly(&self) -> Result<(), Error> {
        let (file, said) = temporary_file()?;
        let expression = self.expression().stderr_to_stdout().stdout_file(file);
        self.finish(&expression, Some(said))
    }

    /// Runs it, and returns its standard output without the last end of line. Its stderr is on the terminal.
    pub(crate) fn read(&self) -> Result<String, Error> {
        let (file, output) = temporary_file()?;
        self.finish(&self.expression().stdout_file(file), None)?;
        content(output)
    }

    /// The same, but shows the end of its stderr only if it fails.
    pub(crate) fn read_quietly(&self) -> Result<String, Error> {
        let ((file, output), (errors, said)) = (temporary_file()?, temporary_file()?);
        let expression = self.expression().stdout_file(file).stderr_file(errors);
        self.finish(&expression, Some(said))?;
        content(output)
    }

    /// Runs it. If it fails or is missing, returns the reason: the last lines of its output.
    pub(crate) fn complaint(&self) -> Result<Option<String>, Error> {
        match self.run_quietly() {
            Ok(()) => Ok(None),
            Err(Error::Failed {
                tail: Some(tail), ..
            }) => Ok(Some(tail)),
            Err(interrupted @ Error::Interrupted(_)) => Err(interrupted),
            Err(other) => Ok(Some(other.to_string())),
        }
    }

    /// Runs it, and returns whether it succeeds. A missing program does not.
    pub(crate) fn succeeds(&self) -> Result<bool, Error> {
        self.complaint().map(|complaint| complaint.is_none())
    }

    /// Runs it with its output in a file, and returns whether it succeeds. A missing program is an error.
    pub(crate) fn succeeds_into(&self, log: &Utf8Path) -> Result<bool, Error> {
        let file = File::create(log).map_err(Error::io(log))?;
        let expression = self.expression().stderr_to_stdout().stdout_file(file);
        match self.finish(&expression, None) {
            Ok(()) => Ok(true),
            Err(Error::Failed { .. }) => Ok(false),
            Err(other) => Err(other),
        }
    }

    /// Starts it beside the task, with its output added to a file. It ends by `signal` when the result is dropped, and not
    /// by a signal to the task.
    pub(crate) fn start(&self, log: &Utf8Path, signal: i32) -> Result<Running, Error> {
        check()?;
        let file = File::options().create(true).append(true).open(log);
        let file = file.map_err(Error::io(log))?;
        let expression = self.expression().stderr_to_stdout().stdout_file(file);
        self.spawn(&expression, true, signal)
    }

    fn expression(&self) -> Expression {
        let mut words = self.words.iter();
        let mut expression = duct::cmd(words.next().map_or("", String::as_str), words);
        expression = match self.input.is_empty() {
            true => expression.stdin_null(),
            false => expression.stdin_bytes(self.input.clone()),
        };
        if let Some(folder) = &self.folder {
            expression = expression.dir(folder);
        }
        for (name, value) in &self.environment {
            expression = expression.env(name, value);
        }
        expression
    }

    fn spawn(&self, run: &Expression, cleans_up: bool, signal: i32) -> Result<Running, Error> {
        match Child::start(run, cleans_up, signal) {
            Ok(Some(running)) => Ok(running),
            Ok(None) => Err(check().err().unwrap_or(Error::Interrupted(signal))),
            Err(source) => Err(Error::io(&self.words[0])(source)),
        }
    }

    /// Waits for its end. `said` is the file whose end explains a failure.
    fn finish(&self, expression: &Expression, said: Option<File>) -> Result<(), Error> {
        let check = || if self.cleans_up { Ok(()) } else { check() };
        check()?;
        let running = self.spawn(expression, self.cleans_up, SIGTERM)?;
        let status = running.child().wait(None);
        let status = status.map_err(Error::io(&self.words[0]))?;
        // Waits for what it has started, if a signal ended it.
        drop(running);
        let code = status.code().or(status.signal().map(|signal| 128 + signal));
        if code.is_some_and(|code| code > 128) {
            std::thread::sleep(STEP);
        }
        check()?;
        if status.success() {
            return Ok(());
        }
        let text = said.map(content).transpose()?;
        Err(Error::Failed {
            command: self.to_string(),
            code: code.and_then(|code| code.try_into().ok()).unwrap_or(1),
            tail: text.as_deref().and_then(tail),
        })
    }
}

impl fmt::Display for Cmd {
    /// As a shell takes it, but for quotes inside of words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |word: &String| match word.is_empty() || word.contains([' ', '\n', '$']) {
            true => format!("'{word}'"),
            false => word.clone(),
        };
        let words: Vec<_> = self.words.iter().map(quoted).collect();
        f.write_str(&words.join(" "))
    }
}

/// A file that has no name, opened twice.
fn temporary_file() -> Result<(File, File), Error> {
    let file = tempfile::tempfile().and_then(|file| Ok((file.try_clone()?, file)));
    file.map_err(Error::io("temporary file"))
}

fn content(mut file: File) -> Result<String, Error> {
    let mut bytes = Vec::new();
    let read = file.rewind().and_then(|()| file.read_to_end(&mut bytes));
    read.map_err(Error::io("temporary file"))?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.trim_end_matches('\n').to_owned())
}

/// The last lines of a text that are not empty.
pub(crate) fn tail(text: &str) -> Option<String> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let lines: Vec<_> = lines.collect();
    let last = &lines[lines.len().saturating_sub(TAIL_LINES)..];
    (!last.is_empty()).then(|| last.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_has_the_code_and_the_last_lines() {
        for failed in [
            sh("echo first; echo last >&2; exit 7").run_quietly(),
            sh("echo x; echo first >&2; echo last >&2; exit 7")
                .read_quietly()
                .map(drop),
        ] {
            let Err(Error::Failed { code, tail, .. }) = failed else {
                panic!("{failed:?}")
            };
            assert_eq!((code, tail.as_deref()), (7, Some("first\nlast")));
        }
        let text: String = (0..100).map(|n| format!("{n}\n\n")).collect();
        let tail = tail(&text).unwrap();
        assert!(tail.starts_with("80\n") && tail.ends_with("\n99"), "{tail}");
        assert_eq!(super::tail(" \n\n"), None);
    }

    #[test]
    fn output_variables_and_input() {
        let command = sh("echo \"$COLOUR $1\"; cat; echo no >&2").arg("a b");
        let command = command.variable("COLOUR", "red").input("end\n");
        assert_eq!(command.read_quietly().unwrap(), "red a b\nend");
        assert!(cmd("true").succeeds().unwrap());
        assert!(!cmd("no-such-program").succeeds().unwrap());
        assert_eq!(sh("echo $1").arg("").to_string(), "sh -c 'echo $1' sh ''");
    }
}
