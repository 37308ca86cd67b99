//! A child with its descendants: all processes that must be ended.
//!
//! Children share this process's group (see `child`), so a group does not identify one of them. Members are read from
//! `/proc`: descendants of the child, and processes with the child's mark in their environment, which also finds those
//! whose parents have ended. Only processes in this process's group count. A process that left the group and its
//! parents meant to stay, like the shared connection of `ssh` or podman's monitor of a container.

use std::collections::HashMap;
use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use rustix::process::{Pid, Signal, getpgrp, kill_process};

/// The environment variable that marks the processes of a call.
pub const MARK: &str = "IMGPIPE_CALL";

/// The pause between checks while waiting for processes that are not children.
const PAUSE: Duration = Duration::from_millis(5);

/// A child's descendants, as far as they were seen.
#[derive(Debug)]
pub struct Family {
    mark: String,
    seen: Mutex<Vec<Member>>,
}

impl Family {
    /// The family of a child that will start with [`MARK`] in its environment.
    pub fn new() -> Self {
        Self {
            mark: new_mark(),
            seen: Mutex::default(),
        }
    }

    /// The mark in the environment of its members.
    pub fn mark(&self) -> &str {
        &self.mark
    }

    /// The living members, including those seen earlier. With `child`, also its descendants.
    pub fn members(&self, child: Option<i32>) -> Vec<Member> {
        let now = of(child, &self.mark);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|member| member.lives() && !now.contains(member));
        seen.extend(now);
        seen.clone()
    }

    /// Ends the rest of the family of a child that has ended. The pause between two signals is `grace`.
    pub fn end(&self, grace: Duration) {
        // Twice, because a member may just have started another process.
        for signal in [Signal::TERM, Signal::KILL, Signal::KILL] {
            let members = self.members(None);
            members.iter().for_each(|member| member.signal(signal));
            let began = Instant::now();
            while members.iter().any(|member| member.lives()) && began.elapsed() < grace {
                thread::sleep(PAUSE);
            }
            if members.is_empty() {
                return;
            }
        }
    }
}

/// A mark that no other call of any process has.
fn new_mark() -> String {
    static PROCESS: OnceLock<String> = OnceLock::new();
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let process = PROCESS.get_or_init(|| {
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        format!("{}-{:x}", std::process::id(), now.as_nanos())
    });
    format!("{process}-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A process with its start time, because numbers are reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Member {
    pid: i32,
    started: u64,
}

impl Member {
    /// Its number.
    pub fn pid(self) -> i32 {
        self.pid
    }

    /// Sends a signal, if it is still alive.
    pub fn signal(self, signal: Signal) {
        let Some(pid) = Pid::from_raw(self.pid) else {
            return;
        };
        if self.lives() {
            // An error means that it has ended, or that its number belongs to another user's process.
            let _ = kill_process(pid, signal);
        }
    }

    /// Whether it is still alive.
    pub fn lives(self) -> bool {
        Stat::of(self.pid).is_some_and(|stat| stat.lives && stat.started == self.started)
    }
}

/// The living descendants of a child, if it is alive, and the processes with its mark, without the child itself. Empty
/// without `/proc`.
fn of(child: Option<i32>, mark: &str) -> Vec<Member> {
    let stats: HashMap<i32, Stat> = numbers()
        .filter_map(|pid| Some((pid, Stat::of(pid)?)))
        .filter(|(_, stat)| stat.lives)
        .collect();
    let own = getpgrp().as_raw_nonzero().get();
    let is_marked = |pid: i32, stat: &Stat| stat.group == own && bears(pid, mark);
    let descends = |pid: i32| {
        let mut at = pid;
        // A chain of parents is no longer than the number of processes. A reused number could make it a cycle.
        for _ in 0..stats.len() {
            match stats.get(&at) {
                Some(stat) if Some(stat.parent) == child => return true,
                Some(stat) => at = stat.parent,
                None => return false,
            }
        }
        false
    };
    let members = stats
        .iter()
        .filter(|(pid, stat)| Some(**pid) != child && (descends(**pid) || is_marked(**pid, stat)));
    members
        .map(|(pid, stat)| Member {
            pid: *pid,
            started: stat.started,
        })
        .collect()
}

fn numbers() -> impl Iterator<Item = i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Whether a process was started with the mark in its environment. The environment of other users' processes cannot be
/// read.
fn bears(pid: i32, mark: &str) -> bool {
    let wanted = format!("{MARK}={mark}");
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    let mut variables = environment.split(|byte| *byte == 0);
    variables.any(|variable| variable == wanted.as_bytes())
}

/// A process's `/proc/PID/stat` (proc(5)).
#[derive(Debug, Clone, Copy)]
struct Stat {
    lives: bool,
    parent: i32,
    group: i32,
    /// In clock ticks after boot.
    started: u64,
}

impl Stat {
    fn of(pid: i32) -> Option<Self> {
        let text = fs::read(format!("/proc/{pid}/stat")).ok()?;
        Self::parse(&String::from_utf8_lossy(&text))
    }

    /// The program's name, in parentheses, may contain anything.
    fn parse(text: &str) -> Option<Self> {
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        Some(Self {
            lives: !matches!(*fields.first()?, "Z" | "X" | "x"),
            parent: fields.get(1)?.parse().ok()?,
            group: fields.get(2)?.parse().ok()?,
            started: fields.get(19)?.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stat_is_read_whatever_the_program_is_called() {
        let text = "7 (a) Z 1 (b)) S 4 5 6 0 -1 1 2 3 4 5 6 7 8 9 20 0 1 0 4242 1 2";
        let stat = Stat::parse(text).expect("it is read");
        assert!(stat.lives);
        assert_eq!((stat.parent, stat.group, stat.started), (4, 5, 4242));
        assert!(
            !Stat::parse(&text.replace(" S ", " Z "))
                .expect("read")
                .lives
        );
        assert!(Stat::parse("7 (cut").is_none());
        assert!(Stat::parse("7 (cut) S 1 2").is_none());
    }

    #[test]
    fn marks_differ() {
        assert_ne!(new_mark(), new_mark());
    }
}
