//! Why a YAML file could not be read.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use failure::{Code, Reported};
use thiserror::Error;

use crate::{MAX_BYTES, Mark, Problem};

/// Why a YAML file could not be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The text violates YAML or its reader's grammar.
    #[error("{path}:{}:{}: {message}", at.line, at.column)]
    Syntax {
        /// The file.
        path: Utf8PathBuf,
        /// The position.
        at: Mark,
        /// The violated rule.
        message: String,
        /// A hint.
        hint: Option<String>,
    },
    /// The file is not text, or too large.
    #[error("{path}: {message}")]
    NoText {
        /// The file.
        path: Utf8PathBuf,
        /// The reason.
        message: String,
    },
    /// The system refused to read the file.
    #[error("{path}: cannot {action}: {source}")]
    Io {
        /// The file.
        path: Utf8PathBuf,
        /// The action, for example "read".
        action: &'static str,
        /// The system's reason.
        source: io::Error,
    },
}

impl Error {
    /// A problem in the file at this path.
    pub fn syntax(path: &Utf8Path, problem: Problem) -> Self {
        Self::Syntax {
            path: path.to_owned(),
            at: problem.at,
            message: problem.message,
            hint: problem.hint,
        }
    }

    /// For a text of more than [`MAX_BYTES`].
    pub fn too_large(path: &Utf8Path) -> Self {
        Self::NoText {
            path: path.to_owned(),
            message: format!("is larger than {} MiB", MAX_BYTES >> 20),
        }
    }

    /// For `map_err` of file operations.
    pub(crate) fn io(action: &'static str, path: &Utf8Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            path: path.to_owned(),
            action,
            source,
        }
    }
}

impl Reported for Error {
    fn code(&self) -> Code {
        match self {
            Self::Syntax { .. } | Self::NoText { .. } => Code::Invalid,
            Self::Io { .. } => Code::Other,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Syntax { hint, .. } => hint.clone(),
            _ => None,
        }
    }
}
