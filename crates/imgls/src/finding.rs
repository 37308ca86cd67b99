//! What may be wrong with a registered image.

use std::fmt;

use failure::{Code, Failure, Reported as _};

/// How an image is found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nothing is wrong that this look could see.
    Ok,
    /// Its name does not comply with the naming rules. It works all the same.
    BadName,
    /// Its thin archive leaves layers to a base that does not hold them.
    NoBase,
    /// The archive holds another image than the registered one.
    Replaced,
    /// The archive is truncated or damaged, or no archive at all.
    Damaged,
    /// In the archive's place is what Git LFS puts there before a pull.
    LfsPointer,
    /// The archive's index can't be read, for whatever reason.
    Unreadable,
    /// There is no such file.
    Missing,
}

impl State {
    /// The word for it, the same for people and for scripts.
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

    /// Whether the image can be used.
    pub fn is_sound(self) -> bool {
        matches!(self, Self::Ok | Self::BadName)
    }

    /// What an archive's error means to whoever only `glances` at the index, or else reads everything.
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

/// Something that is wrong with an image.
#[derive(Debug, Clone)]
pub struct Finding {
    /// What it makes of the image.
    pub state: State,
    /// What is wrong, and what to do about it.
    pub failure: Failure,
}

impl Finding {
    pub(crate) fn new(state: State, failure: impl Into<Failure>) -> Self {
        Self {
            state,
            failure: failure.into(),
        }
    }

    /// A base that does not hold what a thin archive leaves to it.
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

    /// What is wrong, on one line.
    pub fn problem(&self) -> String {
        let text = self.failure.to_string();
        text.lines().next().unwrap_or_default().to_owned()
    }

    /// The code of a command that was asked whether all is well.
    pub(crate) fn code(&self) -> Code {
        self.failure.code()
    }
}
