//! Why a YAML file was not read.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use failure::{Code, Reported};
use thiserror::Error;

use crate::{MAX_BYTES, Mark, Problem};

/// Why a YAML file was not read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The text breaks a rule of YAML, or of the grammar that its reader has.
    #[error("{path}:{}:{}: {message}", at.line, at.column)]
    Syntax {
        /// The file.
        path: Utf8PathBuf,
        /// Where the fault is.
        at: Mark,
        /// The rule that is broken.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// The file is no text of a size that is read.
    #[error("{path}: {message}")]
    NoText {
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong with the file as a whole.
        message: String,
    },
    /// The system refused to read the file.
    #[error("{path}: cannot {action}: {source}")]
    Io {
        /// The file.
        path: Utf8PathBuf,
        /// What was tried, as in "read".
        action: &'static str,
        /// The system's reason.
        source: io::Error,
    },
}

impl Error {
    /// What is wrong in the file at this path.
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

    /// For `map_err` on anything that touches the file.
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
