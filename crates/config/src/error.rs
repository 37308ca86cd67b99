//! Why the config was not read.

use camino::Utf8PathBuf;
use failure::{Code, Reported};
use thiserror::Error;

/// Why the config was not read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no config where one was named.
    #[error("{path}: there is no config")]
    Missing {
        /// Where it was looked for.
        path: Utf8PathBuf,
    },
    /// It is not valid, or can't be read.
    #[error(transparent)]
    Yaml(#[from] yaml::Error),
}

impl Reported for Error {
    fn code(&self) -> Code {
        match self {
            Self::Missing { .. } => Code::Invalid,
            Self::Yaml(error) => error.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { .. } => None,
            Self::Yaml(error) => error.hint(),
        }
    }
}
