//! One run of a command, in a clean environment.

use std::io::PipeWriter;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::time::Duration;

use camino::Utf8PathBuf;
use duct::Expression;
use rustix::process::Signal;

use crate::running::signal_group;
use crate::{Outcome, Running, Sandbox, engine, programs};

/// A command that takes longer hangs. Some tests build with packages from the network.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10 * 60);
/// How long a hanging command may take to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(5);
/// Environment variables that change commands, besides those with the prefix `IMG_`.
const REMOVED: [&str; 11] = [
    "GITHUB_RUN_ID",
    "GITHUB_RUN_ATTEMPT",
    "GITHUB_JOB",
    "RUNNER_TRACKING_ID",
    "RUNNER_NAME",
    "CI_JOB_ID",
    "BUILD_TAG",
    "GITHUB_ACTIONS",
    "CI",
    "NO_COLOR",
    "CLICOLOR_FORCE",
];

/// The content of stdin.
#[derive(Debug, Clone)]
enum Input {
    Nothing,
    Bytes(Vec<u8>),
    Silence,
}

/// A command before its start, made by [`Sandbox::command`].
#[derive(Debug, Clone)]
#[must_use = "nothing runs before `run`"]
pub struct Invocation {
    words: Vec<String>,
    folder: Utf8PathBuf,
    input: Input,
    variables: Vec<(String, String)>,
}

impl Invocation {
    pub(crate) fn new(sandbox: &Sandbox, program: &str) -> Self {
        let engine = if sandbox.uses_engine() {
            engine().program()
        } else {
            "/nonexistent/engine"
        };
        let variables = vec![("IMG_ENGINE".into(), engine.into())];
        Self {
            words: vec![program.into()],
            folder: sandbox.root().to_owned(),
            input: Input::Nothing,
            variables,
        }
    }

    /// Adds an argument.
    pub fn arg(mut self, word: impl AsRef<str>) -> Self {
        self.words.push(word.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    pub fn args(self, words: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        words.into_iter().fold(self, Self::arg)
    }

    /// Sets its stdin, which is empty otherwise.
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = Input::Bytes(bytes.into());
        self
    }

    /// Leaves stdin open and silent, as long as the command is [`Running`].
    pub fn silence(mut self) -> Self {
        self.input = Input::Silence;
        self
    }

    /// Sets its folder: a path inside the sandbox, or an absolute one. Default: the sandbox's own folder.
    pub fn folder(mut self, path: impl AsRef<str>) -> Self {
        self.folder = self.folder.join(path.as_ref());
        self
    }

    /// Sets a variable.
    pub fn variable(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.variables.push((name.into(), value.as_ref().into()));
        self
    }

    /// Runs it.
    ///
    /// # Panics
    /// If it cannot be started, or does not end.
    pub fn run(self) -> Outcome {
        let (command, started, _silent) = self.start(Expression::stderr_capture);
        let Some(output) = started
            .wait_timeout(TIMEOUT)
            .expect("a child can be waited for")
            .cloned()
        else {
            signal_group(&started, Signal::TERM);
            drop(started.wait_timeout(GRACE));
            signal_group(&started, Signal::KILL);
            panic!("`{command}` did not end within {} s", TIMEOUT.as_secs());
        };
        outcome(command, output)
    }

    /// Runs it for at most this time, then kills it with its descendants. `None` if it was killed.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn run_until_killed(self, after: Duration) -> Option<Outcome> {
        let (command, started, _silent) = self.start(Expression::stderr_capture);
        let ended = started.wait_timeout(after);
        if let Some(output) = ended.expect("a child can be waited for").cloned() {
            return Some(outcome(command, output));
        }
        signal_group(&started, Signal::KILL);
        started.wait().expect("a child can be waited for");
        None
    }

    /// Starts it and does not wait.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn launch(self) -> Running {
        // Into a file, so that it can be read while the command runs.
        let stderr = tempfile::tempfile().expect("a file for what it says");
        let file = stderr.try_clone().expect("an open file");
        let (command, started, silent) = self.start(|run| run.stderr_file(file));
        Running::new(command, started, stderr, silent)
    }

    /// Starts it, with its stderr redirected by `lead`.
    fn start(
        self,
        lead: impl FnOnce(&Expression) -> Expression,
    ) -> (String, duct::Handle, Option<PipeWriter>) {
        let command = self.words.join(" ");
        let (program, words) = self.words.split_first().expect("a command has a name");
        let path = format!(
            "{}:{}",
            programs::folder(),
            std::env::var("PATH").unwrap_or_default()
        );
        // The command's path, not its name: the system would look the name up in the caller's PATH.
        let own = programs::folder().join(program);
        let program = if own.is_file() {
            own.into_string()
        } else {
            program.clone()
        };
        let mut run = duct::cmd(program, words)
            .dir(&self.folder)
            .stdout_capture()
            .unchecked();
        run = lead(&run);
        let mut silent = None;
        run = match self.input {
            Input::Nothing => run.stdin_null(),
            Input::Bytes(bytes) => run.stdin_bytes(bytes),
            Input::Silence => {
                let (reader, writer) = std::io::pipe().expect("a pipe can be made");
                silent = Some(writer);
                run.stdin_file(reader)
            }
        };
        run = run
            .full_env(environment(&path, &self.variables))
            .before_spawn(|child| {
                child.process_group(0);
                Ok(())
            });
        let started = run
            .start()
            .unwrap_or_else(|error| panic!("`{command}` could not be started: {error}"));
        (command, started, silent)
    }
}

pub(crate) fn outcome(command: String, output: std::process::Output) -> Outcome {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let code = output
        .status
        .code()
        .or_else(|| output.status.signal().map(|signal| 128 + signal))
        .unwrap_or(-1);
    Outcome {
        command,
        code,
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

fn environment(path: &str, own: &[(String, String)]) -> Vec<(String, String)> {
    let removed =
        |name: &str| name == "PATH" || name.starts_with("IMG_") || REMOVED.contains(&name);
    let inherited = std::env::vars().filter(|(name, _)| !removed(name));
    inherited
        .chain([("PATH".to_owned(), path.to_owned())])
        .chain(own.iter().cloned())
        .collect()
}
