//! Why the layers that an archive leaves out can't be read, or would be lost.

use camino::Utf8PathBuf;
use failure::{Code, Reported};
use thiserror::Error;

/// Why the layers that an archive leaves out can't be read.
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
    /// A base chain that comes back to one of its images: no archive of it holds the layers.
    #[error("bases form a cycle: {}", .chain.join(" -> "))]
    Cycle {
        /// The names from one image to the same image again.
        chain: Vec<String>,
    },
    /// More thin archives stand on each other than an image has layers.
    #[error("{path}: stands on more than {limit} other archives")]
    TooDeep {
        /// The topmost archive that was reached.
        path: Utf8PathBuf,
        /// How many are followed.
        limit: usize,
    },
    /// The base's `file:` leads out of the store.
    #[error(transparent)]
    Registry(#[from] registry::Error),
    /// An archive can't be read, or a base no longer holds what is left to it.
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
