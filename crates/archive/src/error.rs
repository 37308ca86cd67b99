//! What can be wrong with an archive, each with its own words.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use failure::{Code, Reported};
use naming::Digest;
use thiserror::Error;

use crate::growth::Excess;
use crate::member::TarError;

/// What is said of a file that Git LFS has yet to replace.
pub(crate) const IS_LFS_POINTER: &str = "is a Git LFS pointer, not the archive itself";

/// What went wrong with an archive.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such file.
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
        /// What it is instead.
        what: &'static str,
        /// What to do about it.
        hint: Option<&'static str>,
    },
    /// The archive ends before it should.
    #[error("{path}: is truncated: {what}")]
    Truncated {
        /// The archive.
        path: Utf8PathBuf,
        /// Where it ends.
        what: String,
    },
    /// The archive holds something that it should not, or lacks something that it should.
    #[error("{path}: {what}")]
    Damaged {
        /// The archive.
        path: Utf8PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The archive may be sound, and takes more memory or becomes more bytes than a sound one should.
    #[error("{path}: {what}")]
    Excess {
        /// The archive.
        path: Utf8PathBuf,
        /// What is too much.
        what: String,
        /// What to do where it is sound.
        hint: &'static str,
    },
    /// The image's layers compress so well that the archive would be refused as a bomb.
    #[error("{path}: its layers compress too well: imgpipe would refuse to read the archive")]
    Unreadable {
        /// Where the image comes from.
        path: Utf8PathBuf,
    },
    /// Bytes differ from the digest that names them.
    #[error("{path}: {what} is damaged: expected {expected}, found {found}")]
    Mismatch {
        /// The archive.
        path: Utf8PathBuf,
        /// Which blob, as "layer 2 of 3".
        what: String,
        /// The digest that the config or the manifest names.
        expected: Digest,
        /// The digest of the bytes.
        found: Digest,
    },
    /// A thin archive leaves out a layer that its base does not hold.
    #[error("{path}: leaves {place} ({diff_id}) to its base `{base}`, which lacks it")]
    LeftOut {
        /// The archive.
        path: Utf8PathBuf,
        /// Which layer, as "layer 2 of 3".
        place: String,
        /// The layer's digest.
        diff_id: Digest,
        /// The base's registered name.
        base: String,
    },
    /// The archive can't be read.
    #[error("{path}: {source}")]
    Read {
        /// The archive.
        path: Utf8PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// What the image is written to failed: a full disk, or an engine that closed its input.
    #[error("cannot write the image: {source}")]
    Write {
        /// The system's reason.
        source: io::Error,
    },
}

impl Error {
    /// Whether the file only stands for an archive that `git lfs pull` brings.
    pub fn is_lfs_pointer(&self) -> bool {
        matches!(self, Self::NotAnArchive { what, .. } if *what == IS_LFS_POINTER)
    }

    /// The same, with the place where it is.
    pub(crate) fn inside(mut self, place: &str) -> Self {
        match &mut self {
            Self::Truncated { what, .. } => *what = format!("inside {place}: {what}"),
            Self::Damaged { what, .. } => *what = format!("{place} {what}"),
            Self::Excess { what, hint, .. } => {
                *what = format!("{place} {what}");
                // An engine takes it, and saves it in a way that is no riddle.
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

/// How much of a name from inside an archive a message repeats, in characters.
const SHOWN: usize = 200;

/// A name from inside an archive as messages repeat it: one line, cut to a bounded length.
pub(crate) fn shown(name: &str) -> String {
    let mut out: String = name.escape_debug().take(SHOWN).collect();
    if name.escape_debug().nth(SHOWN).is_some() {
        out.push('…');
    }
    out
}

/// Makes errors about one archive.
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

    /// What a reader of the archive's members found wrong.
    pub(crate) fn tar(&self, error: TarError) -> Error {
        self.tar_in("", error)
    }

    /// What a reader of a tar inside the archive found wrong; `place` says inside what, with a space behind.
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

    /// A decoder says `UnexpectedEof` where its input ends early and `InvalidData`, `InvalidInput`
    /// or `Other` where it makes no sense; everything else is the system's.
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
