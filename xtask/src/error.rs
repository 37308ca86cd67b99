//! Failures of a task, and its exit codes.

use std::io;

use camino::Utf8PathBuf;

/// Why a task ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A program failed.
    #[error("`{command}` ended with code {code}{}", .tail.as_ref().map(|tail| format!(":\n{tail}")).unwrap_or_default())]
    Failed {
        /// The command line.
        command: String,
        /// Its exit code; 128 and the signal's number if a signal ended it.
        code: u8,
        /// The last lines of its output, if that was captured.
        tail: Option<String>,
    },
    /// A file, a folder or a program could not be opened, read, written or started.
    #[error("{0}: {1}")]
    Io(Utf8PathBuf, #[source] io::Error),
    /// The task needs something that is missing; and how to get it.
    #[error("{0}")]
    Missing(String, String),
    /// No engine answers, and none could be started; and how to get one.
    #[error("{0}")]
    Engine(String, String),
    /// A program succeeded, but its result is wrong.
    #[error("{0}")]
    Wrong(String),
    /// This signal arrived: SIGINT, SIGTERM or SIGHUP.
    #[error("interrupted")]
    Interrupted(i32),
}

impl Error {
    /// The exit code: a failed program's own, 5 without an engine, 128 and the signal's number after a signal.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::Failed { code, .. } => *code,
            Self::Engine(..) => 5,
            Self::Interrupted(signal) => u8::try_from(128 + signal).unwrap_or(u8::MAX),
            _ => 1,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Missing(_, hint) | Self::Engine(_, hint) => Some(hint),
            _ => None,
        }
    }

    pub(crate) fn missing(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Missing(what.into(), hint.into())
    }

    pub(crate) fn engine(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Engine(what.into(), hint.into())
    }

    /// For `map_err`: an I/O error with its path.
    pub(crate) fn io(path: impl Into<Utf8PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io(path, source)
    }
}
