//! What can go wrong with a registry and its store.

use std::fmt;
use std::io;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use failure::{Code, Reported};
use thiserror::Error;

use crate::registry::MAX_BYTES;

/// A place in a text. Both count from 1; columns are characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The line.
    pub line: u32,
    /// The character in it.
    pub column: u32,
}

impl Mark {
    /// The place behind so many line breaks, and so many characters of its line.
    pub(crate) fn behind(lines: usize, characters: usize) -> Self {
        let from_1 = |count| u32::try_from(count).map_or(u32::MAX, |count| count.saturating_add(1));
        Self {
            line: from_1(lines),
            column: from_1(characters),
        }
    }

    /// The place of a byte.
    pub(crate) fn of(text: &str, at: usize) -> Self {
        let before = &text[..at];
        let column = before.chars().rev().take_while(|c| *c != '\n').count();
        Self::behind(before.matches('\n').count(), column)
    }
}

/// What is wrong with a text, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub at: Mark,
    pub message: String,
    pub hint: Option<String>,
}

impl Problem {
    pub fn new(at: Mark, message: impl Into<String>) -> Self {
        Self {
            at,
            message: message.into(),
            hint: None,
        }
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

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
    /// There is no config where one was named.
    #[error("{path}: there is no config")]
    NoConfig {
        /// Where it was looked for.
        path: Utf8PathBuf,
    },
    /// The registry breaks a rule of YAML or of its own grammar.
    #[error("{path}:{}:{}: {message}", at.line, at.column)]
    Syntax {
        /// The registry.
        path: Utf8PathBuf,
        /// Where the fault is.
        at: Mark,
        /// The rule that is broken.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// The file is no text that could be a registry.
    #[error("{path}: {message}")]
    NoText {
        /// The registry.
        path: Utf8PathBuf,
        /// What is wrong with the file as a whole.
        message: String,
    },
    /// An edit would have changed more than was meant; nothing was written.
    #[error(
        "{path}: the entry `{entry}` cannot be edited without changing something else in the file"
    )]
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
    #[error("{path}: cannot read these notes of dangling images, which may stay in the engine")]
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
        matches!(self, Self::Io { source, .. } if kinds.contains(&source.kind()))
    }

    pub(crate) fn too_large(path: &Utf8Path) -> Self {
        Self::NoText {
            path: path.to_owned(),
            message: format!(
                "is larger than {} MiB, which no registry is",
                MAX_BYTES >> 20
            ),
        }
    }

    pub(crate) fn syntax(path: &Utf8Path, problem: Problem) -> Self {
        Self::Syntax {
            path: path.to_owned(),
            at: problem.at,
            message: problem.message,
            hint: problem.hint,
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
            Self::NoRegistry { .. }
            | Self::NoConfig { .. }
            | Self::Syntax { .. }
            | Self::NoText { .. }
            | Self::Foreign { .. }
            | Self::Path { .. } => Code::Invalid,
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
                Some("run it below the folder that has one, or name it with --registry".into())
            }
            Self::Syntax { hint, .. } => hint.clone(),
            Self::Edit { .. } => Some(
                "an anchor, an alias or an unusual layout is in the way; edit the entry by hand"
                    .into(),
            ),
            Self::Path { .. } => {
                Some("`file:` is relative to the registry's folder and stays inside it".into())
            }
            Self::Foreign { .. } => Some("remove it, and look who put it there".into()),
            Self::NoLease { .. } => {
                Some("it may hold any image; remove the file if no run is using images".into())
            }
            Self::NoNotes { .. } => Some(
                "look for them with `docker images --filter dangling=true`, then remove the file"
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

/// The longest piece of somebody's text that a message repeats, in characters.
const SHOWN_CHARS: usize = 60;

/// Somebody's text in a message: bounded, on one line, unable to steer a terminal.
pub(crate) fn shown(text: &str) -> String {
    let mut out = naming::visible(text.chars().take(SHOWN_CHARS));
    if text.chars().nth(SHOWN_CHARS).is_some() {
        out.push('…');
    }
    out
}
