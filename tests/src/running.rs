//! A running command, to be watched and sent signals.

use std::fs::{self, File};
use std::io::PipeWriter;
use std::os::unix::fs::FileExt as _;
use std::process::Output;
use std::time::{Duration, Instant};

use duct::Handle;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::Outcome;
use crate::invocation::{TIMEOUT, outcome};

/// How often to check a condition.
const PAUSE: Duration = Duration::from_millis(1);

/// How long a command that moves gigabytes may take.
const PATIENCE: Duration = Duration::from_secs(60 * 60);

/// The receiver of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// Only the command's own process: `kill PID`.
    Alone,
    /// Its descendants too: Ctrl-C on a terminal.
    Group,
}

/// A command that was started by [`Invocation::launch`](crate::Invocation::launch) and leads a process group. Dropping
/// it kills the group.
#[derive(Debug)]
pub struct Running {
    command: String,
    handle: Handle,
    pid: Pid,
    stderr: File,
    _silent: Option<PipeWriter>,
}

/// A process of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: i32,
    /// Its arguments, the program first.
    pub words: Vec<String>,
}

impl Running {
    /// A command with its stderr in a file.
    pub(crate) fn new(
        command: String,
        handle: Handle,
        stderr: File,
        silent: Option<PipeWriter>,
    ) -> Self {
        let pid = handle.pids().first().copied();
        let pid = pid.and_then(|pid| Pid::from_raw(pid.try_into().ok()?));
        Self {
            command,
            handle,
            pid: pid.expect("a child has a number"),
            stderr,
            _silent: silent,
        }
    }

    /// Its stderr so far.
    ///
    /// # Panics
    /// If that cannot be read.
    #[must_use]
    pub fn said(&self) -> String {
        let length = self.stderr.metadata().expect("an open file").len();
        let mut bytes = vec![0; usize::try_from(length).expect("it fits into memory")];
        // By position: the command shares the file's offset.
        self.stderr
            .read_exact_at(&mut bytes, 0)
            .expect("what was written can be read");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn outcome(&self, output: &Output) -> Outcome {
        let outcome = outcome(self.command.clone(), output.clone());
        Outcome {
            stderr: self.said(),
            ..outcome
        }
    }

    /// Waits for a condition of the running command.
    ///
    /// # Panics
    /// If the command ends before, or it takes minutes.
    #[track_caller]
    pub fn wait_until(&self, what: &str, mut is_so: impl FnMut(&Self) -> bool) {
        let began = Instant::now();
        while !is_so(self) {
            if let Ok(Some(output)) = self.handle.try_wait() {
                panic!("ended before {what}:\n{}", self.outcome(output));
            }
            assert!(
                began.elapsed() < TIMEOUT,
                "`{}`: never {what}",
                self.command
            );
            std::thread::sleep(PAUSE);
        }
    }

    /// The bytes that it has read so far, from any file.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        let path = format!("/proc/{}/io", self.pid.as_raw_nonzero());
        let text = fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("rchar: "));
        line.and_then(|bytes| bytes.parse().ok()).unwrap_or(0)
    }

    /// Waits for its end. Also returns its peak memory in bytes (proc(5), `VmHWM`), measured at the latest a moment
    /// before the end.
    ///
    /// # Panics
    /// If it takes minutes.
    #[must_use]
    pub fn peak(self) -> (Outcome, u64) {
        let path = format!("/proc/{}/status", self.pid.as_raw_nonzero());
        let began = Instant::now();
        let mut peak = 0;
        loop {
            let status = fs::read_to_string(&path).unwrap_or_default();
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB"));
            let kib: Option<u64> = line.and_then(|line| line.trim().parse().ok());
            peak = peak.max(kib.unwrap_or(0) * 1024);
            if let Ok(Some(output)) = self.handle.try_wait() {
                return (self.outcome(output), peak);
            }
            assert!(
                began.elapsed() < PATIENCE,
                "`{}` does not end",
                self.command
            );
            std::thread::sleep(PAUSE);
        }
    }

    /// Whether it has a file open whose path has this suffix.
    #[must_use]
    pub fn has_open(&self, path: &str) -> bool {
        let files = fs::read_dir(format!("/proc/{}/fd", self.pid.as_raw_nonzero()));
        let mut files = files.into_iter().flatten().flatten();
        files.any(|file| fs::read_link(file.path()).is_ok_and(|file| file.ends_with(path)))
    }

    /// Whether its main thread is waiting.
    #[must_use]
    pub fn is_asleep(&self) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid.as_raw_nonzero()));
        stat.is_ok_and(|stat| {
            stat.rsplit_once(')')
                .is_some_and(|(_, rest)| rest.trim_start().starts_with('S'))
        })
    }

    /// The other living processes of its group.
    #[must_use]
    pub fn others(&self) -> Vec<Process> {
        let own = self.pid.as_raw_nonzero().get();
        let entries = fs::read_dir("/proc").expect("/proc can be read");
        let numbers = entries.flatten().filter_map(|entry| {
            let number: i32 = entry.file_name().to_str()?.parse().ok()?;
            (number != own && group_of(number) == Some(own)).then_some(number)
        });
        numbers.map(process).collect()
    }

    /// Sends a signal.
    ///
    /// # Panics
    /// If that fails.
    pub fn send(&self, signal: Signal, whom: Whom) {
        match whom {
            Whom::Alone => kill_process(self.pid, signal),
            Whom::Group => kill_process_group(self.pid, signal),
        }
        .expect("a signal can be sent to a child");
    }

    /// Sends a signal, and returns the time until the command's end, and its result.
    ///
    /// # Panics
    /// If it does not end.
    pub fn end_by(&self, signal: Signal, whom: Whom) -> (Duration, Outcome) {
        let sent = Instant::now();
        self.send(signal, whom);
        let ended = self.handle.wait_timeout(TIMEOUT);
        let took = sent.elapsed();
        let Some(output) = ended.expect("a child can be waited for") else {
            panic!("`{}` does not end by {signal:?}", self.command);
        };
        (took, self.outcome(output))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        signal_group(&self.handle, Signal::KILL);
    }
}

/// Sends a signal to a child that leads a group, and to the group.
pub(crate) fn signal_group(handle: &Handle, signal: Signal) {
    let pids = handle.pids().into_iter();
    for group in pids.filter_map(|pid| Pid::from_raw(pid.try_into().ok()?)) {
        // It fails if the group has ended.
        let _ = kill_process_group(group, signal);
    }
}

/// The group of a living process.
fn group_of(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let alive = !matches!(fields.next()?, "Z" | "X");
    fields.nth(1)?.parse().ok().filter(|_| alive)
}

fn process(pid: i32) -> Process {
    let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words = words.split(|byte| *byte == 0);
    Process {
        pid,
        words: words
            .map(|word| String::from_utf8_lossy(word).into_owned())
            .collect(),
    }
}
