//! Detects whether a program moves bytes that do not pass through this process.
//!
//! A download prints nothing while it works. The kernel's counters show whether it hangs: bytes read and written by the
//! program and its descendants, on any file or socket (proc(5), `/proc/PID/io`).

use std::fs;
use std::io;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use crate::child::{Child, Stop};

/// How often a program is checked within its timeout …
const LOOKS: u32 = 20;

/// … within these bounds: each check lists all processes of the system.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

impl Child {
    /// Waits for the child to end. Ends it if neither it nor its descendants read or wrote anything for `limit`. A
    /// child that cannot be checked counts as active.
    pub fn wait_while_active(self: &Arc<Self>, limit: Duration) -> io::Result<ExitStatus> {
        let pause = (limit / LOOKS).clamp(PAUSES.0, PAUSES.1);
        let mut before = self.bytes();
        while self.stopped().is_none() {
            if let Some(status) = self.wait_briefly(pause) {
                return Ok(status);
            }
            let now = self.bytes();
            if now.is_none() || now != before {
                self.moved();
            }
            before = now;
            if self.is_overdue(limit) {
                self.stop(Stop::Timeout);
            }
        }
        self.wait(None)
    }

    /// The bytes that the child and its descendants have read and written so far.
    fn bytes(&self) -> Option<u128> {
        let own = self.pid().and_then(bytes_of)?;
        let members = self.members().into_iter();
        let others = members.filter_map(|member| bytes_of(member.pid()));
        Some(own + others.sum::<u128>())
    }
}

fn bytes_of(pid: i32) -> Option<u128> {
    counted(&fs::read_to_string(format!("/proc/{pid}/io")).ok()?)
}

fn counted(text: &str) -> Option<u128> {
    let count = |name: &str| -> Option<u128> {
        let mut lines = text.lines();
        lines.find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
    };
    Some(count("rchar:")? + count("wchar:")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_counted_of_files_and_sockets() {
        let text = "rchar: 7\nwchar: 5\nsyscr: 1\nread_bytes: 4096\n";
        assert_eq!(counted(text), Some(12));
        assert_eq!(counted("rchar: 7\n"), None);
        assert!(bytes_of(i32::try_from(std::process::id()).unwrap()).is_some());
    }
}
