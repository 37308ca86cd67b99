//! The errors of reading an image's contents.

use camino::Utf8PathBuf;
use failure::{Code, Reported};
use thiserror::Error;

/// Why an image's contents could not be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The archive could not be read.
    #[error(transparent)]
    Archive(#[from] archive::Error),
    /// The rpm database of the image is damaged, or is none.
    #[error("`{path}` in the image is not a readable rpm database: {reason}")]
    RpmDatabase {
        /// Path inside the image.
        path: String,
        /// The reason.
        reason: String,
    },
    /// The package database has a format that rpm no longer uses.
    #[error("`{path}` in the image is an rpm database in the unsupported {format} format")]
    OldRpmDatabase {
        /// Path inside the image.
        path: String,
        /// `Berkeley DB` or `ndb`.
        format: &'static str,
    },
    /// A temporary file could not be written.
    #[error("{path}: {source}")]
    Temporary {
        /// The file or folder.
        path: Utf8PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
}

/// This crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Reported for Error {
    fn code(&self) -> Code {
        match self {
            Self::Archive(error) => error.code(),
            Self::Temporary { .. } => Code::Other,
            _ => Code::Archive,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Archive(error) => error.hint(),
            Self::OldRpmDatabase { .. } => Some(
                "convert it: run `rpmdb --rebuilddb` with rpm 4.16 or newer in the image".into(),
            ),
            Self::RpmDatabase { .. } | Self::Temporary { .. } => None,
        }
    }
}
