//! The errors of a registry and its store.

use std::fmt;
use std::io;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use failure::{Code, Reported};
use thiserror::Error;

/// Why the registry or its store could not be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no registry at the expected path.
    #[error("{path}: there is no registry")]
    NoRegistry {
        /// The expected path.
        path: Utf8PathBuf,
    },
    /// The registry violates YAML or its own grammar, or cannot be read.
    #[error(transparent)]
    Yaml(#[from] yaml::Error),
    /// An edit would have changed more than intended; nothing was written.
    #[error("{path}: cannot edit the entry `{entry}` without changing other lines")]
    Edit {
        /// The registry.
        path: Utf8PathBuf,
        /// The entry, or the first of several.
        entry: String,
    },
    /// A `file:` that the store must not open.
    #[error("{}: {rule}", naming::visible(.path.as_str().chars()))]
    Path {
        /// As the registry or the user wrote it.
        path: Utf8PathBuf,
        /// The violated rule.
        rule: String,
    },
    /// A foreign file in place of one of imgpipe's own.
    #[error("{path}: {rule}")]
    Foreign {
        /// Its path.
        path: Utf8PathBuf,
        /// The violated rule.
        rule: &'static str,
    },
    /// A lease that cannot be read: it may be on any image.
    #[error("{path}: cannot read this lease: {reason}")]
    NoLease {
        /// The file.
        path: Utf8PathBuf,
        /// The reason.
        reason: String,
    },
    /// Notes of dangling images that cannot be read.
    #[error("{path}: cannot read the list of dangling images, which may remain in the engine")]
    NoNotes {
        /// The file.
        path: Utf8PathBuf,
    },
    /// This process is about to end, and must not change anything.
    #[error("interrupted")]
    Stopped,
    /// Another process held a lock for longer than the timeout.
    #[error("{what}: still locked by {} after {}", process(*.holder), seconds(*.waited))]
    LockTimeout {
        /// The locked thing: the registry's path, or an image's name.
        what: String,
        /// The process that holds it, if known.
        holder: Option<u32>,
        /// How long this process waited.
        waited: Duration,
    },
    /// Another program kept writing the registry during the replacement.
    #[error("{path}: keeps changing while it is being edited")]
    Contended {
        /// The registry.
        path: Utf8PathBuf,
    },
    /// The system refused an operation on a file.
    #[error("{path}: cannot {action}: {source}")]
    Io {
        /// The file or folder.
        path: Utf8PathBuf,
        /// The action, for example "read".
        action: &'static str,
        /// The system's reason.
        source: io::Error,
    },
}

impl Error {
    /// Whether the registry is readable, but not writable.
    pub fn is_read_only(&self) -> bool {
        let kinds = [
            io::ErrorKind::PermissionDenied,
            io::ErrorKind::ReadOnlyFilesystem,
        ];
        match self {
            Self::Io { source, .. } | Self::Yaml(yaml::Error::Io { source, .. }) => {
                kinds.contains(&source.kind())
            }
            _ => false,
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
            Self::NoRegistry { .. } | Self::Foreign { .. } | Self::Path { .. } => Code::Invalid,
            Self::Yaml(error) => error.code(),
            Self::LockTimeout { .. } => Code::Lock,
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull
                | io::ErrorKind::QuotaExceeded
                | io::ErrorKind::FileTooLarge => Code::Room,
                _ => Code::Other,
            },
            Self::Stopped
            | Self::Edit { .. }
            | Self::Contended { .. }
            | Self::NoLease { .. }
            | Self::NoNotes { .. } => Code::Other,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoRegistry { .. } => {
                Some("run the command in a folder that has a registry or below it, or use --registry".into())
            }
            Self::Yaml(error) => error.hint(),
            Self::Edit { .. } => Some(
                "an anchor, an alias or an unusual layout prevents the edit; edit the entry by hand"
                    .into(),
            ),
            Self::Path { .. } => {
                Some("`file:` must be a path inside the registry's folder, relative to it".into())
            }
            Self::Foreign { .. } => Some("remove it, and find out which program made it".into()),
            Self::NoLease { .. } => {
                Some("it may hold any image; remove the file if no run is using images".into())
            }
            Self::NoNotes { .. } => Some(
                "find them with `docker images --filter dangling=true`, then remove the file"
                    .into(),
            ),
            Self::Io { source, .. } if source.kind() == io::ErrorKind::ReadOnlyFilesystem => Some(
                "the store is read-only; mount it for writing, or copy it to a writable folder"
                    .into(),
            ),
            Self::LockTimeout { .. } => Some("wait longer with --lock-timeout".into()),
            _ => None,
        }
    }
}

fn process(holder: Option<u32>) -> String {
    holder.map_or("another process".into(), |id| format!("process {id}"))
}

fn seconds(duration: Duration) -> impl fmt::Display {
    match duration.as_secs() {
        0 => format!("{} ms", duration.as_millis()),
        seconds => format!("{seconds} s"),
    }
}
