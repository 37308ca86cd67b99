//! Why the config could not be read.

use camino::Utf8PathBuf;
use failure::{Code, Reported};
use thiserror::Error;

/// Why the config could not be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The named config does not exist.
    #[error("{path}: there is no config")]
    Missing {
        /// Its path.
        path: Utf8PathBuf,
    },
    /// It is not valid, or cannot be read.
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
