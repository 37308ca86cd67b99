//! Failures of a task, and its exit codes.

use camino::Utf8PathBuf;

/// Why a task ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A program failed. `tail` is the end of its output, if that was captured.
    #[error("`{command}` ended with code {code}{}", .tail.as_ref().map(|tail| format!(":\n{tail}")).unwrap_or_default())]
    Failed {
        /// The command line.
        command: String,
        /// Its exit code; 128 and the signal's number if a signal ended it.
        code: u8,
        /// The last lines of its output.
        tail: Option<String>,
    },
    /// A program could not be started.
    #[error("`{program}`: {source}")]
    Start {
        /// The program's name or path.
        program: String,
        /// The system's error.
        source: std::io::Error,
    },
    /// A file or folder could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: Utf8PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The task needs something that is missing.
    #[error("{what}")]
    Missing {
        /// What is missing, and why.
        what: String,
        /// How to get it.
        hint: String,
    },
    /// No engine answers, and none could be started.
    #[error("{what}")]
    Engine {
        /// What failed.
        what: String,
        /// How to get one.
        hint: String,
    },
    /// A program succeeded, but its result is wrong.
    #[error("{0}")]
    Wrong(String),
    /// SIGINT, SIGTERM or SIGHUP arrived.
    #[error("interrupted")]
    Interrupted {
        /// The signal's number.
        signal: i32,
    },
}

impl Error {
    /// The exit code: a failed program's own, 5 without an engine, 128 and the signal's number after a signal.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::Failed { code, .. } => *code,
            Self::Engine { .. } => 5,
            Self::Interrupted { signal } => u8::try_from(128 + signal).unwrap_or(u8::MAX),
            _ => 1,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Missing { hint, .. } | Self::Engine { hint, .. } => Some(hint),
            _ => None,
        }
    }

    /// For `map_err`: an I/O error with its path.
    pub(crate) fn io(path: impl Into<Utf8PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}
