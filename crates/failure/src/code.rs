//! Exit codes, the same for every command.

use std::process::ExitCode;

/// The meaning of an exit code. Scripts depend on these numbers: they never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// 0: done.
    Done,
    /// 1: any failure without its own code.
    Other,
    /// 2: wrong usage.
    Usage,
    /// 3: an invalid plan, requirement, registry, config or name.
    Invalid,
    /// 4: an archive is missing, damaged, or not the one registered.
    Archive,
    /// 5: the engine was not found, not reachable, or its command failed.
    Engine,
    /// 6: no room, or a limit that could not be met.
    Room,
    /// 7: timed out waiting for a lock.
    Lock,
    /// 128 and the signal's number: 130 for an interrupt, 143 for a termination.
    Signal(u8),
}

impl Code {
    /// The exit code of the process.
    pub fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Other => 1,
            Self::Usage => 2,
            Self::Invalid => 3,
            Self::Archive => 4,
            Self::Engine => 5,
            Self::Room => 6,
            Self::Lock => 7,
            Self::Signal(signal) => 128 + signal,
        }
    }
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code.number())
    }
}
