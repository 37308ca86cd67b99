//! What can go wrong with a registry and its store.

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
    /// There is no registry where one was looked for.
    #[error("{path}: there is no registry")]
    NoRegistry {
        /// Where it would be.
        path: Utf8PathBuf,
    },
    /// The registry breaks a rule of YAML or of its own grammar, or can't be read.
    #[error(transparent)]
    Yaml(#[from] yaml::Error),
    /// An edit would have changed more than was meant; nothing was written.
    #[error("{path}: cannot edit the entry `{entry}` without changing other lines")]
    Edit {
        /// The registry.
        path: Utf8PathBuf,
        /// The entry, or the first of several.
        entry: String,
    },
    /// A `file:` that the store must not touch.
    #[error("{}: {rule}", naming::visible(.path.as_str().chars()))]
    Path {
        /// As the registry or the user gave it.
        path: Utf8PathBuf,
        /// The rule that is broken.
        rule: String,
    },
    /// Where imgpipe keeps a file of its own there is something else.
    #[error("{path}: {rule}")]
    Foreign {
        /// What is there.
        path: Utf8PathBuf,
        /// What is wrong with it.
        rule: &'static str,
    },
    /// A lease that cannot be read: it may hold any image.
    #[error("{path}: cannot read this lease: {reason}")]
    NoLease {
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Notes of dangling images that cannot be read.
    #[error("{path}: cannot read the list of dangling images, which may remain in the engine")]
    NoNotes {
        /// The file.
        path: Utf8PathBuf,
    },
    /// This process is about to end, and changes nothing any more.
    #[error("interrupted")]
    Stopped,
    /// Another process held a lock for longer than this one would wait.
    #[error("{what}: still locked by {} after {}", process(*.holder), seconds(*.waited))]
    LockTimeout {
        /// What the lock guards: the registry's path, or an image's name.
        what: String,
        /// The process that holds it, where it said so.
        holder: Option<u32>,
        /// How long this process waited.
        waited: Duration,
    },
    /// Something else kept writing the registry while it was to be replaced.
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
        /// What was tried, as in "read".
        action: &'static str,
        /// The system's reason.
        source: io::Error,
    },
}

impl Error {
    /// Whether the registry can be read, but must not be written.
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

    /// For `map_err` on anything that touches a file.
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
