//! Holders of leases: a run with an ID, or a process.
//!
//! A process is identified by its number and start time, and by its machine and boot (proc(5): `stat`, field 22;
//! `sys/kernel/random/boot_id`). A process in another container or on another machine cannot be seen from here: its
//! leases end only by time.
//!
//! Hosts that share a store may share a hostname, and containers on many hosts the machine ID of their image. So the
//! end of a process of an earlier boot is certain only if both processes have the same machine ID (machine-id(5)), and
//! neither runs in a container.

use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;

use serde::{Deserialize, Serialize};

/// The holder of a lease.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Holder {
    /// A run with an ID, which may have several processes.
    Run(String),
    /// A process. The lease ends with it.
    Process(Process),
}

/// Identifies a process, also after its number is reused.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Process {
    pid: u32,
    /// Its start time, in clock ticks since boot.
    start: u64,
    place: Place,
}

/// The scope of process numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Place {
    host: String,
    /// The machine ID, if there is one.
    #[serde(default)]
    machine: Option<String>,
    boot: String,
    /// The inode of the PID namespace.
    namespace: u64,
}

/// The state of a holder, as far as it can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It runs.
    Alive,
    /// It has ended.
    Ended,
    /// It cannot be seen from here.
    Unseen,
}

impl Holder {
    /// The process that started this one. A shell forks for `$(…)` and parentheses; such a copy ends early, so the
    /// shell itself counts.
    pub fn parent() -> Option<Self> {
        let mut pid = std::os::unix::process::parent_id();
        for _ in 0..MAX_COPIES {
            match origin(pid) {
                Some(original) => pid = original,
                None => break,
            }
        }
        Self::process(pid)
    }

    /// A running process.
    pub fn process(pid: u32) -> Option<Self> {
        Some(Self::Process(Process {
            pid,
            start: start_of(pid)?,
            place: Place::here()?,
        }))
    }

    /// Whether it runs. A run's end cannot be seen.
    pub fn life(&self) -> Life {
        match self {
            Self::Run(_) => Life::Unseen,
            Self::Process(process) => process.life(Place::here().as_ref()),
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(id) => write!(f, "run {}", id.escape_debug()),
            Self::Process(process) => write!(f, "process {}", process.pid),
        }
    }
}

impl Process {
    fn life(&self, here: Option<&Place>) -> Life {
        let Some(here) = here else {
            return Life::Unseen;
        };
        if *here == self.place {
            return match start_of(self.pid) == Some(self.start) {
                true => Life::Alive,
                false => Life::Ended,
            };
        }
        let rebooted = here.is_same_machine(&self.place) && here.boot != self.place.boot;
        if rebooted { Life::Ended } else { Life::Unseen }
    }
}

/// The inode of the initial PID namespace (Linux, `PROC_PID_INIT_INO`).
const FIRST_NAMESPACE: u64 = 0xEFFF_FFFC;

/// The places of the machine ID.
const MACHINE_IDS: [&str; 2] = ["/etc/machine-id", "/var/lib/dbus/machine-id"];

/// The length of a machine ID. A file may also say `uninitialized`.
const MACHINE_ID_DIGITS: usize = 32;

impl Place {
    fn here() -> Option<Self> {
        let text = |name: &str| {
            let path = format!("/proc/sys/kernel/{name}");
            Some(fs::read_to_string(path).ok()?.trim().to_owned())
        };
        Some(Self {
            host: text("hostname")?,
            machine: MACHINE_IDS.into_iter().find_map(machine_id),
            boot: text("random/boot_id")?,
            namespace: fs::metadata("/proc/self/ns/pid").ok()?.ino(),
        })
    }

    /// Whether both are certainly the same machine, in this boot or another.
    fn is_same_machine(&self, other: &Self) -> bool {
        self.machine.is_some()
            && self.machine == other.machine
            && self.host == other.host
            && [self, other].map(|place| place.namespace) == [FIRST_NAMESPACE; 2]
    }
}

fn machine_id(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let id = text.trim();
    let is_id = id.len() == MACHINE_ID_DIGITS && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| id.to_owned())
}

/// How many copies in a row to follow.
const MAX_COPIES: usize = 32;

/// The parent, if both run the same program with the same arguments: then the process is only a fork.
fn origin(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let parent: u32 = rest.split_whitespace().nth(1)?.parse().ok()?;
    let program = |pid| fs::read_link(format!("/proc/{pid}/exe")).ok();
    let words = |pid| fs::read(format!("/proc/{pid}/cmdline")).ok();
    let is_copy = program(pid).is_some()
        && program(pid) == program(parent)
        && words(pid).filter(|words| !words.is_empty()) == words(parent);
    is_copy.then_some(parent)
}

/// The start time of a process; `None` if there is none, or only a zombie.
fn start_of(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    started(&stat)
}

/// Fields 3 (state) and 22 (starttime). Field 2, a name in parentheses, may contain anything.
fn started(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    match fields.first()? {
        &"Z" | &"X" | &"x" => None,
        _ => fields.get(19)?.parse().ok(),
    }
}

#[cfg(test)]
mod tests;
