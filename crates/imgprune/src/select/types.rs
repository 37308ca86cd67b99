//! What is decided on, and what comes of it.

use chrono::{DateTime, TimeDelta, Utc};
use glob::Pattern;

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
    /// When it was last of use to anyone.
    pub(super) fn recency(&self) -> Option<DateTime<Utc>> {
        self.last_used.or(self.created)
    }

    /// How long ago that was. Clocks jump: a stamp in the future has no age.
    pub(super) fn age(&self, now: DateTime<Utc>) -> Option<TimeDelta> {
        let age = now.signed_duration_since(self.recency()?);
        Some(age.max(TimeDelta::zero()))
    }

    /// Its age, if that is over the limit.
    pub(super) fn too_old(&self, limit: TimeDelta, now: DateTime<Utc>) -> Option<TimeDelta> {
        self.age(now).filter(|age| *age > limit)
    }
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
    /// A container was made from it.
    Container {
        /// The container's id.
        id: String,
    },
    /// Another command reads or writes it.
    Busy,
    /// This user may not delete its archive.
    ReadOnly,
}

/// What the store is to keep within. What is `None` limits nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// How many bytes the archives may have in all.
    pub max_size: Option<u64>,
    /// How long ago an image may have been used last, and still stay.
    pub max_age: Option<TimeDelta>,
    /// How many images may stay.
    pub keep_last: Option<KeepLast>,
    /// How many bytes are to be free on the store's file system.
    pub min_free: Option<u64>,
}

/// That of each group only the most recently used stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeepLast {
    /// How many stay of a group; with 0 all go. Held images count too.
    pub count: usize,
    /// What makes a group.
    pub per: Per,
}

/// What makes a group of images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Per {
    /// The store: all images are one group.
    Store,
    /// A project; those without one are a group too.
    Project,
    /// An operating system; those without one are a group too.
    Os,
    /// A pattern: an image is in the group of the first that matches its whole name (`*` matches `/`
    /// too), and out of the limit's reach if none does.
    Patterns(Vec<Pattern>),
}

/// What is decided. Images are named by their index among the candidates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// What goes, in the order in which to remove it: least recently used first, except that a thin
    /// archive always goes before its base. Stopped anywhere, that leaves no archive without its base.
    pub going: Vec<Going>,
    /// What stays, in the order of the candidates.
    pub staying: Vec<Staying>,
    /// The limits that are exceeded even so, in the order of [`Limits`]' fields.
    pub unmet: Vec<Unmet>,
}

/// An image that goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Going {
    /// The image.
    pub index: usize,
    /// Every limit that wants it gone: at least one, age first, then number, then room.
    pub reasons: Vec<Reason>,
}

/// Why an image goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It has not been used for longer than [`Limits::max_age`].
    TooOld {
        /// For how long.
        age: TimeDelta,
    },
    /// There are enough more recent ones for [`Limits::keep_last`].
    NotAmongLast {
        /// How many stay of the group.
        count: usize,
        /// The group, as a phrase: `the store`, `project x`, `pattern x-*`.
        group: String,
    },
    /// [`Limits::max_size`] is exceeded, and it is among the least recently used.
    StoreTooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// [`Limits::min_free`] is not there, and it is among the least recently used.
    DiskTooFull {
        /// The limit in bytes.
        limit: u64,
    },
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
    /// The limit and what is there instead.
    pub limit: Missed,
    /// The images that would have had to go, ascending: each is held, or is the base of one that stays.
    /// None if what is free is unknown, or if even an empty store frees too little.
    pub held_by: Vec<usize>,
}

/// A limit, and what is there instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missed {
    /// [`Limits::max_size`].
    MaxSize {
        /// The limit in bytes.
        wanted: u64,
        /// The bytes that stay.
        found: u64,
    },
    /// [`Limits::max_age`].
    MaxAge {
        /// The limit.
        wanted: TimeDelta,
        /// The age of the oldest image that stays.
        found: TimeDelta,
    },
    /// [`Limits::keep_last`], once for each group that stays too large.
    KeepLast {
        /// The group, as in [`Reason::NotAmongLast`].
        group: String,
        /// How many were to stay.
        wanted: usize,
        /// How many stay.
        found: usize,
    },
    /// [`Limits::min_free`].
    MinFree {
        /// The limit in bytes.
        wanted: u64,
        /// The bytes that are free once all that goes is gone; `None` if it is unknown.
        found: Option<u64>,
    },
}
