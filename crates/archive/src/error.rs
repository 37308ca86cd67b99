//! Errors of archives.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use failure::{Code, Reported};
use naming::Digest;
use thiserror::Error;

use crate::growth::Excess;
use crate::member::TarError;

/// The error text for a Git LFS pointer.
pub(crate) const IS_LFS_POINTER: &str = "is a Git LFS pointer, not the archive itself";

/// An error of an archive.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The file does not exist.
    #[error("{path}: no such file")]
    Missing {
        /// The archive.
        path: Utf8PathBuf,
    },
    /// The file is no image archive at all.
    #[error("{path}: {what}")]
    NotAnArchive {
        /// The archive.
        path: Utf8PathBuf,
        /// Its actual kind.
        what: &'static str,
        /// The hint.
        hint: Option<&'static str>,
    },
    /// The archive is truncated.
    #[error("{path}: is truncated: {what}")]
    Truncated {
        /// The archive.
        path: Utf8PathBuf,
        /// The part where it ends.
        what: String,
    },
    /// The archive is damaged or invalid.
    #[error("{path}: {what}")]
    Damaged {
        /// The archive.
        path: Utf8PathBuf,
        /// The problem.
        what: String,
    },
    /// The archive may be valid, but it needs more memory or expands to more bytes than allowed.
    #[error("{path}: {what}")]
    Excess {
        /// The archive.
        path: Utf8PathBuf,
        /// The exceeded limit.
        what: String,
        /// The hint, in case the archive is valid.
        hint: &'static str,
    },
    /// The image's layers compress so well that readers would refuse the archive as a bomb.
    #[error("{path}: its layers compress too well: imgpipe would refuse to read the archive")]
    Unreadable {
        /// The image's source.
        path: Utf8PathBuf,
    },
    /// Bytes do not match their digest.
    #[error("{path}: {what} is damaged: expected {expected}, found {found}")]
    Mismatch {
        /// The archive.
        path: Utf8PathBuf,
        /// The blob, as "layer 2 of 3".
        what: String,
        /// The digest in the config or the manifest.
        expected: Digest,
        /// The digest of the bytes.
        found: Digest,
    },
    /// A thin archive leaves out a layer that its base does not hold.
    #[error("{path}: leaves {place} ({diff_id}) to its base `{base}`, which lacks it")]
    LeftOut {
        /// The archive.
        path: Utf8PathBuf,
        /// The layer, as "layer 2 of 3".
        place: String,
        /// The layer's digest.
        diff_id: Digest,
        /// The base's registered name.
        base: String,
    },
    /// The archive cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// The archive.
        path: Utf8PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Writing the image failed: a full disk, or an engine that closed its input.
    #[error("cannot write the image: {source}")]
    Write {
        /// The system's reason.
        source: io::Error,
    },
}

impl Error {
    /// Whether the file is a Git LFS pointer, which `git lfs pull` replaces with the archive.
    pub fn is_lfs_pointer(&self) -> bool {
        matches!(self, Self::NotAnArchive { what, .. } if *what == IS_LFS_POINTER)
    }

    /// Adds the place inside the archive to the error.
    pub(crate) fn inside(mut self, place: &str) -> Self {
        match &mut self {
            Self::Truncated { what, .. } => *what = format!("inside {place}: {what}"),
            Self::Damaged { what, .. } => *what = format!("{place} {what}"),
            Self::Excess { what, hint, .. } => {
                *what = format!("{place} {what}");
                // An engine can load it, and saves it in a form within the limits.
                *hint = "if you trust it, load it with the engine's own `load`, then save it with imgsave";
            }
            _ => {}
        }
        self
    }
}

impl Reported for Error {
    fn code(&self) -> Code {
        match self {
            Self::Read { .. } | Self::Unreadable { .. } => Code::Other,
            Self::Write { source }
                if matches!(
                    source.kind(),
                    io::ErrorKind::StorageFull
                        | io::ErrorKind::QuotaExceeded
                        | io::ErrorKind::FileTooLarge
                ) =>
            {
                Code::Room
            }
            Self::Write { .. } => Code::Other,
            _ => Code::Archive,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotAnArchive { hint, .. } => *hint,
            Self::LeftOut { .. } => {
                Some("restore the base, or rebuild the image with imgbuild --rebuild")
            }
            Self::Truncated { .. } | Self::Mismatch { .. } => {
                Some("copy the archive again, or remove and recreate it")
            }
            Self::Excess { hint, .. } => Some(*hint),
            Self::Unreadable { .. } => Some("use --compress none to store the layers uncompressed"),
            _ => None,
        };
        hint.map(str::to_owned)
    }
}

/// The largest length of an archive's own name in a message, in characters.
const SHOWN: usize = 200;

/// A name from an archive in a form for messages: one line of bounded length.
pub(crate) fn shown(name: &str) -> String {
    let mut out: String = name.escape_debug().take(SHOWN).collect();
    if name.escape_debug().nth(SHOWN).is_some() {
        out.push('…');
    }
    out
}

/// Creates errors about one archive.
#[derive(Debug, Clone)]
pub(crate) struct Blame {
    path: Utf8PathBuf,
}

impl Blame {
    pub(crate) fn new(path: &Utf8Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    pub(crate) fn damaged(&self, what: impl Into<String>) -> Error {
        Error::Damaged {
            path: self.path.clone(),
            what: what.into(),
        }
    }

    pub(crate) fn truncated(&self, what: impl Into<String>) -> Error {
        Error::Truncated {
            path: self.path.clone(),
            what: what.into(),
        }
    }

    pub(crate) fn not_an_archive(&self, what: &'static str, hint: Option<&'static str>) -> Error {
        Error::NotAnArchive {
            path: self.path.clone(),
            what,
            hint,
        }
    }

    pub(crate) fn unreadable(&self) -> Error {
        Error::Unreadable {
            path: self.path.clone(),
        }
    }

    pub(crate) fn mismatch(
        &self,
        what: impl Into<String>,
        expected: Digest,
        found: Digest,
    ) -> Error {
        Error::Mismatch {
            path: self.path.clone(),
            what: what.into(),
            expected,
            found,
        }
    }

    /// The error for an invalid member.
    pub(crate) fn tar(&self, error: TarError) -> Error {
        self.tar_in("", error)
    }

    /// The error for a tar inside the archive. `place` names that tar, with a space at its end.
    pub(crate) fn tar_in(&self, place: &str, error: TarError) -> Error {
        match error {
            TarError::Read(error) => self.read(error),
            TarError::Truncated { name, missing } if name.is_empty() => self.truncated(format!(
                "{place}{missing} bytes of the first header are missing"
            )),
            TarError::Truncated { name, missing } => self.truncated(format!(
                "{place}at least {missing} bytes are missing, from `{}` on",
                shown(&name)
            )),
            TarError::Malformed { offset, why } => self.damaged(format!(
                "{place}the tar header at byte {offset} is damaged: {why}"
            )),
        }
    }

    /// A decoder returns `UnexpectedEof` if its input ends early, and `InvalidData`, `InvalidInput` or `Other` if it is
    /// invalid. All other errors are the system's.
    pub(crate) fn read(&self, source: io::Error) -> Error {
        if let Some(excess) = Excess::of(&source) {
            return Error::Excess {
                path: self.path.clone(),
                what: format!("cannot be decompressed: {excess}"),
                hint: excess.remedy(),
            };
        }
        match source.kind() {
            io::ErrorKind::NotFound => Error::Missing {
                path: self.path.clone(),
            },
            io::ErrorKind::UnexpectedEof => self.truncated("unexpected end of file"),
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other => {
                self.damaged(format!("is damaged: {source}"))
            }
            _ => Error::Read {
                path: self.path.clone(),
                source,
            },
        }
    }
}
