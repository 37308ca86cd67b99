//! One call of a program.
//!
//! Its streams: stdin is empty unless the call sets it, stdout and stderr are always captured. Nothing is inherited, so
//! the streams of this process stay its own.

use std::ffi::{OsStr, OsString};
use std::io::{PipeReader, PipeWriter, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;
use std::{io, thread};

use crate::Error;
use crate::child::{Child, Running, SIGTERM, Stop, interrupted};
use crate::collect::Collector;
use crate::log::Logged;
use crate::tail::{Tail, one_line};

/// How many bytes to keep of an output for error messages.
pub const TAIL: usize = 16 * 1024;
/// The longest answer. An engine's JSON of an image is about 4 KiB; a call asks for hundreds.
const MAX_ANSWER: usize = 64 * 1024 * 1024;
/// Standard error of a call that names images: each may be missing, with a line.
const MAX_COMPLAINTS: usize = 256 * 1024;
/// The size of pipes for archives, in bytes: the largest that Linux allows without privileges (pipe(7)).
const WIDE_PIPE: usize = 1 << 20;
/// Characters of a wrong answer that an error shows.
const PIECE: usize = 120;
/// SIGHUP, SIGINT and SIGTERM: the signals that end a whole process group.
const ENDING: [i32; 3] = [1, 2, SIGTERM];
/// How long the signal that ended a program may take to reach this process.
const SAME_SIGNAL: Duration = Duration::from_millis(100);

/// A command line, ready to be run.
#[derive(Debug)]
pub struct Call {
    program: OsString,
    verbs: String,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    folder: Option<PathBuf>,
    timeout: Option<Duration>,
    counts_all: bool,
    cleans_up: bool,
    end_signal: i32,
}

/// The output of a finished call.
pub struct Output {
    /// Its exit status.
    pub status: ExitStatus,
    /// All of its standard output.
    pub stdout: Vec<u8>,
    /// The end of its standard error.
    pub stderr: Tail,
}

/// The streams of a child, each a pipe's end or nothing.
pub struct Streams {
    /// `None`: an empty input.
    pub stdin: Option<PipeReader>,
    /// Standard output.
    pub stdout: PipeWriter,
    /// Standard error; may be the same pipe.
    pub stderr: PipeWriter,
}

impl Call {
    /// `verbs` is the subcommand, such as `image inspect`, or empty. If the call `cleans_up`, it runs even after
    /// [`kill_all`](crate::kill_all).
    pub fn new(program: &OsStr, verbs: &str, timeout: Option<Duration>, cleans_up: bool) -> Self {
        Self {
            program: program.to_owned(),
            verbs: verbs.to_owned(),
            args: verbs.split_whitespace().map(OsString::from).collect(),
            env: Vec::new(),
            folder: None,
            timeout,
            counts_all: false,
            cleans_up,
            end_signal: SIGTERM,
        }
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Runs it in this folder.
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Sets the signal that ends the child early; the default is SIGTERM.
    pub fn ended_by(mut self, signal: i32) -> Self {
        self.end_signal = signal;
        self
    }

    /// Counts everything that it reads and writes for the timeout, not only the bytes that pass through this process.
    pub fn counting_all(mut self) -> Self {
        self.counts_all = true;
        self
    }

    /// The longest time without I/O.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// Program and subcommand, for messages.
    pub fn command(&self) -> String {
        match self.verbs.as_str() {
            "" => self.program(),
            verbs => format!("{} {verbs}", self.program()),
        }
    }

    fn program(&self) -> String {
        one_line(&self.program.to_string_lossy(), PIECE)
    }

    /// Starts the child. When this returns, this process no longer holds the child's ends of the pipes.
    pub fn start(&self, streams: Streams) -> Result<Running, Error> {
        let mut expression = duct::cmd(&self.program, &self.args)
            .stdout_file(streams.stdout)
            .stderr_file(streams.stderr);
        expression = match streams.stdin {
            Some(pipe) => expression.stdin_file(pipe),
            None => expression.stdin_null(),
        };
        for (name, value) in &self.env {
            expression = expression.env(name, value);
        }
        if let Some(folder) = &self.folder {
            expression = expression.dir(folder);
        }
        let logged = Logged::start(&self.program, self.args.iter().map(OsString::as_os_str));
        match Child::start(&expression, self.cleans_up, self.end_signal) {
            Ok(Some(running)) => Ok(running.logged(logged)),
            Ok(None) => Err(Error::Interrupted),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::NotFound {
                program: self.program(),
            }),
            Err(source) => Err(Error::Start {
                program: self.program(),
                source,
            }),
        }
    }

    /// Runs the call and returns its output, for any exit status.
    pub fn output(&self) -> Result<Output, Error> {
        self.collect(MAX_ANSWER, |child| match self.timeout {
            Some(limit) if self.counts_all => child.wait_while_active(limit),
            limit => child.wait(limit),
        })
    }

    /// Runs the call, which must succeed within `limit`, even if it is busy, and answer with at most `most` bytes.
    pub fn answer_within(&self, limit: Duration, most: usize) -> Result<Vec<u8>, Error> {
        let output = self.collect(most, |child| child.wait_at_most(limit));
        let output = output.map_err(|error| match error {
            Error::Timeout { command, .. } => Error::TooLong { command, limit },
            error => error,
        })?;
        self.check(output.status, &output.stderr.text())?;
        Ok(output.stdout)
    }

    fn collect(
        &self,
        most: usize,
        wait: impl FnOnce(&Arc<Child>) -> io::Result<ExitStatus>,
    ) -> Result<Output, Error> {
        let (stdout, stdout_writer) = self.pipe()?;
        let (stderr, stderr_writer) = self.pipe()?;
        let running = self.start(Streams {
            stdin: None,
            stdout: stdout_writer,
            stderr: stderr_writer,
        })?;
        let child = running.child();
        let stdout = self.io(Collector::start(stdout, child, most))?;
        let stderr = self.io(Collector::start(stderr, child, MAX_COMPLAINTS))?;
        let status = self.io(wait(child))?;
        self.check_stopped(child)?;
        let stdout = stdout
            .finish()
            .whole()
            .ok_or_else(|| self.bad_output("an answer that is too long"))?;
        Ok(Output {
            status,
            stdout,
            stderr: stderr.finish(),
        })
    }

    /// Runs the call, which must succeed, and returns its standard output.
    pub fn answer(&self) -> Result<Vec<u8>, Error> {
        let output = self.output()?;
        self.check(output.status, &output.stderr.text())?;
        Ok(output.stdout)
    }

    /// Judges a finished child. `tail` is its output for the error.
    pub fn judge(&self, child: &Child, status: ExitStatus, tail: &str) -> Result<(), Error> {
        self.check_stopped(child)?;
        self.check(status, tail)
    }

    fn check_stopped(&self, child: &Child) -> Result<(), Error> {
        match (child.stopped(), self.timeout) {
            (Some(Stop::Interrupted), _) => Err(Error::Interrupted),
            (Some(Stop::Timeout), limit) => Err(Error::Timeout {
                command: self.command(),
                limit: limit.unwrap_or_default(),
            }),
            _ => Ok(()),
        }
    }

    /// Judges an exit status. `tail` is the child's output for the error.
    pub fn check(&self, status: ExitStatus, tail: &str) -> Result<(), Error> {
        if status.success() {
            return Ok(());
        }
        // Ctrl-C and other signals to the group end the program as well as this process, maybe before this process
        // knows. A shell ends with 128 and the signal's number.
        let signal = status.signal().or(status.code().map(|code| code - 128));
        if signal.is_some_and(|signal| ENDING.contains(&signal)) {
            thread::sleep(SAME_SIGNAL);
        }
        if interrupted() && !self.cleans_up {
            return Err(Error::Interrupted);
        }
        let outcome = match (status.code(), status.signal()) {
            (Some(code), _) => format!("failed with exit status {code}"),
            (None, Some(signal)) => format!("was killed by signal {signal}"),
            (None, None) => "failed".to_owned(),
        };
        Err(self.failed(outcome, tail))
    }

    /// The error for a failure that the exit status does not show.
    pub fn failed(&self, outcome: impl Into<String>, tail: &str) -> Error {
        Error::Failed {
            program: self.program(),
            command: self.command(),
            outcome: outcome.into(),
            tail: tail.to_owned(),
        }
    }

    /// The error for an invalid answer; it shows the beginning of `piece`.
    pub fn bad_output(&self, piece: &str) -> Error {
        Error::BadOutput {
            command: self.command(),
            piece: one_line(piece, PIECE),
        }
    }

    /// Ends a silent child while the caller's thread is busy with a stream.
    pub fn watch(&self, child: &Arc<Child>) -> Result<(), Error> {
        let Some(limit) = self.timeout() else {
            return Ok(());
        };
        let child = child.clone();
        let watch = move || drop(child.wait(Some(limit)));
        self.io(thread::Builder::new()
            .name("program timeout".into())
            .spawn(watch)
            .map(drop))
    }

    /// A pipe.
    pub fn pipe(&self) -> Result<(PipeReader, PipeWriter), Error> {
        self.io(io::pipe())
    }

    /// A large pipe: its ends wait for each other less often.
    pub fn wide_pipe(&self) -> Result<(PipeReader, PipeWriter), Error> {
        let (reader, writer) = self.pipe()?;
        // If the user has too many pipes already, the default size is enough.
        let _ = rustix::pipe::fcntl_setpipe_size(&writer, WIDE_PIPE);
        Ok((reader, writer))
    }

    /// A pipe with `bytes`, written by a thread, so that a child that does not read blocks nothing.
    pub fn pipe_with(&self, bytes: Vec<u8>) -> Result<PipeReader, Error> {
        let (reader, mut writer) = self.pipe()?;
        // If the child stops reading, its exit status explains it.
        let write = move || drop(writer.write_all(&bytes));
        self.io(thread::Builder::new()
            .name("program input".into())
            .spawn(write))?;
        Ok(reader)
    }

    /// Adds the name of the call to a system error.
    pub fn io<T>(&self, result: io::Result<T>) -> Result<T, Error> {
        result.map_err(|source| Error::Io {
            command: self.command(),
            source,
        })
    }
}
