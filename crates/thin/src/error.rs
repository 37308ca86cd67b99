//! Errors of layers that an archive leaves out.

use camino::Utf8PathBuf;
use failure::{Code, Reported};
use thiserror::Error;

/// Why the layers that an archive leaves out cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The base is not registered.
    #[error("{path}: leaves layers to its base `{base}`, which is not registered")]
    NotRegistered {
        /// The thin archive.
        path: Utf8PathBuf,
        /// The base's name.
        base: String,
    },
    /// A base chain with a cycle: none of its archives holds the layers.
    #[error("bases form a cycle: {}", .chain.join(" -> "))]
    Cycle {
        /// The names of the cycle. The first and the last are the same.
        chain: Vec<String>,
    },
    /// More thin archives stand on each other than an image has layers.
    #[error("{path}: stands on more than {limit} other archives")]
    TooDeep {
        /// The path of the topmost archive.
        path: Utf8PathBuf,
        /// The maximum depth.
        limit: usize,
    },
    /// The base's `file:` leads out of the store.
    #[error(transparent)]
    Registry(#[from] registry::Error),
    /// An archive cannot be read, or a base no longer holds the layers that were left out.
    #[error(transparent)]
    Archive(#[from] archive::Error),
}

impl Reported for Error {
    fn code(&self) -> Code {
        match self {
            Self::Archive(error) => error.code(),
            Self::Registry(error) => error.code(),
            Self::Cycle { .. } => Code::Invalid,
            _ => Code::Archive,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotRegistered { base, .. } => Some(format!(
                "register `{base}` again, or rebuild the image with imgbuild --rebuild"
            )),
            Self::Cycle { .. } => Some(
                "choose another base, or first rebuild one of these images on another base".into(),
            ),
            Self::TooDeep { .. } => Some("make one of its bases whole with imgsave --full".into()),
            Self::Registry(error) => error.hint(),
            Self::Archive(error) => error.hint(),
        }
    }
}
