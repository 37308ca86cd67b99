//! The possible faults of a registered image.

use std::fmt;

use failure::{Code, Failure, Reported as _};

/// The state of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// No fault that this check could see.
    Ok,
    /// Its name is invalid. The image works nevertheless.
    BadName,
    /// The base of its thin archive lacks the omitted layers.
    NoBase,
    /// The archive contains another image than the registered one.
    Replaced,
    /// The archive is truncated or damaged, or the file is no archive.
    Damaged,
    /// The file is a Git LFS pointer that was not pulled.
    LfsPointer,
    /// The archive's index cannot be read, for any reason.
    Unreadable,
    /// The file does not exist.
    Missing,
}

impl State {
    /// The word for it, for people and scripts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::BadName => "bad name",
            Self::NoBase => "no base",
            Self::Replaced => "replaced",
            Self::Damaged => "damaged",
            Self::LfsPointer => "lfs pointer",
            Self::Unreadable => "unreadable",
            Self::Missing => "missing",
        }
    }

    /// Whether the image is usable.
    pub fn is_sound(self) -> bool {
        matches!(self, Self::Ok | Self::BadName)
    }

    /// The state for an archive's error. `glances`: only the index was read.
    pub(crate) fn of(error: &archive::Error, glances: bool) -> Self {
        match error {
            archive::Error::Missing { .. } => Self::Missing,
            _ if error.is_lfs_pointer() => Self::LfsPointer,
            _ if glances => Self::Unreadable,
            _ if error.code() == Code::Archive => Self::Damaged,
            _ => Self::Unreadable,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A fault of an image.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The image's state because of it.
    pub state: State,
    /// The message, with a hint.
    pub failure: Failure,
}

impl Finding {
    pub(crate) fn new(state: State, failure: impl Into<Failure>) -> Self {
        Self {
            state,
            failure: failure.into(),
        }
    }

    /// The base of a thin archive lacks the omitted layers.
    pub(crate) fn no_base(error: thin::Error) -> Self {
        let own_trouble = match &error {
            thin::Error::Archive(archive::Error::LeftOut { .. }) => None,
            thin::Error::Archive(error) => Some(format!("its base is not usable: {error}")),
            _ => None,
        };
        let hint = error.hint();
        let failure = Failure::from(error);
        let failure = match (own_trouble, hint) {
            (None, _) => failure,
            (Some(message), None) => Failure::new(failure.code(), message),
            (Some(message), Some(hint)) => Failure::new(failure.code(), message).with_hint(hint),
        };
        Self::new(State::NoBase, failure)
    }

    /// The message, on one line.
    pub fn problem(&self) -> String {
        let text = self.failure.to_string();
        text.lines().next().unwrap_or_default().to_owned()
    }

    /// The exit code of a check that finds it.
    pub(crate) fn code(&self) -> Code {
        self.failure.code()
    }
}
