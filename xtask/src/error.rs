//! What can go wrong in a task, and the code it ends with.

use camino::Utf8PathBuf;

/// Why a task ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A program ran and failed. `tail` holds the end of its output where that was captured.
    #[error("`{command}` ended with code {code}{}", .tail.as_ref().map(|tail| format!(":\n{tail}")).unwrap_or_default())]
    Failed {
        /// The command line, as a person would write it.
        command: String,
        /// Its exit code; 128 and the signal's number where a signal ended it.
        code: u8,
        /// The last lines of what it said, where they did not go to the terminal.
        tail: Option<String>,
    },
    /// A program is not there, or could not be started.
    #[error("`{program}`: {source}")]
    Start {
        /// The program's name or path.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file or folder could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: Utf8PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Something that the task needs is missing and can't be had from here.
    #[error("{what}")]
    Missing {
        /// What is missing, and why it could not be helped.
        what: String,
        /// How a person gets it.
        hint: String,
    },
    /// No engine answers, and none could be started.
    #[error("{what}")]
    Engine {
        /// What was tried.
        what: String,
        /// How a person gets one.
        hint: String,
    },
    /// What ran did not do what it should have done.
    #[error("{0}")]
    Wrong(String),
    /// SIGINT, SIGTERM or SIGHUP arrived.
    #[error("interrupted")]
    Interrupted {
        /// The signal's number.
        signal: u8,
    },
}

impl Error {
    /// The exit code: a failed program's own, 5 without an engine, 128 and the signal's number after a signal.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::Failed { code, .. } => *code,
            Self::Engine { .. } => 5,
            Self::Interrupted { signal } => 128u8.saturating_add(*signal),
            Self::Start { .. } | Self::Io { .. } | Self::Missing { .. } | Self::Wrong(_) => 1,
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
