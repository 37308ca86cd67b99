//! The input and the result of the decision.

use chrono::{DateTime, TimeDelta, Utc};

/// An image of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredImage {
    /// The name, unique in the store.
    pub name: String,
    /// Its project; may be empty.
    pub project: String,
    /// Its operating system; may be empty.
    pub os: String,
    /// The size of its archive in bytes, which its removal frees.
    pub size: u64,
    /// The file system of its archive.
    pub disk: u64,
    /// Its last use, if it was used.
    pub last_used: Option<DateTime<Utc>>,
    /// Its creation; counts if `last_used` is missing.
    pub created: Option<DateTime<Utc>>,
    /// The base of a thin archive. A name that no candidate has protects nothing.
    pub base: Option<String>,
    /// It can be fetched again: of two equally old images, such an image is removed first.
    pub has_remote: bool,
    /// What forbids its removal.
    pub holds: Vec<Hold>,
}

impl StoredImage {
    /// Whether a person keeps it, by a pin or by its name.
    pub(super) fn is_kept(&self) -> bool {
        let by_person = |hold: &Hold| matches!(hold, Hold::Pinned | Hold::Kept { .. });
        self.holds.iter().any(by_person)
    }

    /// Its last use, or else its creation.
    pub(crate) fn recency(&self) -> Option<DateTime<Utc>> {
        self.last_used.or(self.created)
    }

    /// The time since then. Clocks jump: a time in the future has no age.
    pub(crate) fn age(&self, now: DateTime<Utc>) -> Option<TimeDelta> {
        let age = now.signed_duration_since(self.recency()?);
        Some(age.max(TimeDelta::zero()))
    }
}

/// A file system with archives, or of an archive to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    /// Its device number.
    pub id: u64,
    /// A folder on it, for messages.
    pub folder: String,
    /// Its free bytes, if known.
    pub free: Option<u64>,
}

/// A reason that forbids the removal of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hold {
    /// It is pinned.
    Pinned,
    /// Its name matches a pattern of `--keep`.
    Kept {
        /// The pattern.
        pattern: String,
    },
    /// A run has a lease on it.
    Leased {
        /// The lease's holder.
        by: String,
    },
    /// A lease that cannot be read may be on it.
    MaybeLeased,
    /// A container was made from it.
    Container {
        /// The container's ID.
        id: String,
    },
    /// Another command reads or writes it.
    Busy,
    /// This user may not delete its archive.
    ReadOnly,
    /// A skipped image needs it as its base.
    Base {
        /// The image's name.
        of: String,
    },
}

/// The decision. Images are named by their index among the candidates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PrunePlan {
    /// The images to remove, in order: the least recently used first, but a thin archive always before its base. If the
    /// removal stops early, no archive is without its base.
    pub going: Vec<Going>,
    /// The images that stay, in the order of the candidates.
    pub staying: Vec<Staying>,
    /// The limits that stay exceeded, in the order of messages.
    pub unmet: Vec<Unmet>,
}

/// An image to remove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Going {
    /// The image.
    pub index: usize,
    /// For each limit that wants its removal, a short phrase: at least one, those on room last.
    pub reasons: Vec<String>,
}

/// An image that stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staying {
    /// The image.
    pub index: usize,
    /// Why it stays: at least one reason, holds first.
    pub why: Vec<Why>,
}

/// Why an image stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Its removal is forbidden, even if no limit wants it.
    Held(Hold),
    /// It is the direct base of the named thin archives, which stay.
    BaseOf(Vec<String>),
    /// Nothing else keeps it, and no limit wants its removal.
    WithinLimits,
}

/// A limit that the remaining images exceed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet {
    /// The flag without its dashes.
    pub limit: &'static str,
    /// The limit and the actual value, as text.
    pub says: String,
    /// The images that should have been removed, ascending: each is held, or is the base of one that stays. Empty if
    /// the free bytes are unknown, or if even an empty store frees too little.
    pub held_by: Vec<usize>,
}
