//! What is decided on, and what comes of it.

use chrono::{DateTime, TimeDelta, Utc};

/// An image of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The name that no other image of the store has.
    pub name: String,
    /// The project that it belongs to; may be empty.
    pub project: String,
    /// Its operating system; may be empty.
    pub os: String,
    /// The size of its archive in bytes: what its removal frees.
    pub size: u64,
    /// The file system that its archive is on.
    pub disk: u64,
    /// When it was last used, if it ever was.
    pub last_used: Option<DateTime<Utc>>,
    /// When it was made; counts where `last_used` is missing.
    pub created: Option<DateTime<Utc>>,
    /// Of a thin archive, the name of the image that it leaves layers to. A name that no candidate has
    /// holds nothing.
    pub base: Option<String>,
    /// It can be had from elsewhere: of two equally old images such a one goes first.
    pub has_remote: bool,
    /// What forbids its removal.
    pub holds: Vec<Hold>,
}

impl Candidate {
    /// Whether a person keeps it, by a pin or by its name.
    pub(super) fn is_kept(&self) -> bool {
        let by_person = |hold: &Hold| matches!(hold, Hold::Pinned | Hold::Kept { .. });
        self.holds.iter().any(by_person)
    }

    /// When it was last of use to anyone.
    pub(crate) fn recency(&self) -> Option<DateTime<Utc>> {
        self.last_used.or(self.created)
    }

    /// How long ago that was. Clocks jump: a stamp in the future has no age.
    pub(crate) fn age(&self, now: DateTime<Utc>) -> Option<TimeDelta> {
        let age = now.signed_duration_since(self.recency()?);
        Some(age.max(TimeDelta::zero()))
    }
}

/// A file system that archives are on, or one is going to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    /// What tells it from others.
    pub id: u64,
    /// A folder on it, for people.
    pub folder: String,
    /// How many bytes are free there, if that is known.
    pub free: Option<u64>,
}

/// What forbids the removal of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hold {
    /// It is pinned.
    Pinned,
    /// Its name matches a pattern of `--keep`.
    Kept {
        /// The pattern.
        pattern: String,
    },
    /// Someone holds a lease on it.
    Leased {
        /// Whoever holds it.
        by: String,
    },
    /// A lease that can't be read may hold it.
    MaybeLeased,
    /// A container was made from it.
    Container {
        /// The container's id.
        id: String,
    },
    /// Another command reads or writes it.
    Busy,
    /// This user may not delete its archive.
    ReadOnly,
    /// An image that is left alone leaves layers to it.
    Base {
        /// The image's name.
        of: String,
    },
}

/// What is decided. Images are named by their index among the candidates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// What goes, in the order in which to remove it: least recently used first, except that a thin
    /// archive always goes before its base. Stopped anywhere, that leaves no archive without its base.
    pub going: Vec<Going>,
    /// What stays, in the order of the candidates.
    pub staying: Vec<Staying>,
    /// The limits that are exceeded even so, in the order in which limits are told.
    pub unmet: Vec<Unmet>,
}

/// An image that goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Going {
    /// The image.
    pub index: usize,
    /// Of every limit that wants it gone, why, as a short phrase: at least one, those on room last.
    pub reasons: Vec<String>,
}

/// An image that stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staying {
    /// The image.
    pub index: usize,
    /// What keeps it: at least one, holds first.
    pub why: Vec<Why>,
}

/// Why an image stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It may not be removed, whether a limit wants it gone or not.
    Held(Hold),
    /// The named thin archives stay and leave layers to it directly.
    BaseOf(Vec<String>),
    /// Nothing else keeps it, and no limit wants it gone.
    WithinLimits,
}

/// A limit that what stays exceeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet {
    /// What it is called as a flag, without its dashes.
    pub limit: &'static str,
    /// The limit and what is there instead, in words.
    pub says: String,
    /// The images that would have had to go, ascending: each is held, or is the base of one that stays.
    /// None if what is free is unknown, or if even an empty store frees too little.
    pub held_by: Vec<usize>,
}
