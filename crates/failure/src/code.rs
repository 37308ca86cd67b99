//! Exit codes, the same for every command.

use std::process::ExitCode;

/// What an exit code says. People script against these numbers: they never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// 0: everything that was asked for was done.
    Done,
    /// 1: anything that has no code of its own.
    Other,
    /// 2: the command line was wrong.
    Usage,
    /// 3: a plan, requirement, registry, config or name was wrong.
    Invalid,
    /// 4: an archive is missing, damaged, or not the one registered.
    Archive,
    /// 5: the engine was not found, not reachable, or its command failed.
    Engine,
    /// 6: no room, or a limit that could not be met.
    Room,
    /// 7: a lock was not had in time.
    Lock,
    /// 128 and the signal's number: 130 for an interrupt, 143 for a termination.
    Signal(u8),
}

impl Code {
    /// The number that the process ends with.
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
