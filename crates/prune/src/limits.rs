//! The limits: a module each, with all that is to know of one, and the tables of them.

mod in_force;
mod keep_last;
mod max_age;
mod max_size;
mod min_free;
mod named;
mod room;
mod said;

use std::collections::HashSet;
use std::time::Duration;

use chrono::TimeDelta;
use clap::Args;
use failure::Failure;
use ui::{bytes, count, duration};

use crate::select::View;
pub use in_force::{InForce, Origin};
pub use keep_last::{KeepLast, Per};
use said::Sources;

/// The limits, in the order in which they are told.
pub(crate) const RULES: &[Rule] = &[
    max_size::RULE,
    max_age::RULE,
    keep_last::RULE,
    min_free::RULE,
    named::RULE,
];

/// A limit: what it wants gone, and what it says. All of it is pure.
pub(crate) struct Rule {
    /// What it is called as a flag, without its dashes.
    pub name: &'static str,
    /// Whether it is about all images together and not about each: then its reasons come last.
    pub is_room: bool,
    /// Puts it in force, if a flag or the config says so.
    read: fn(&Sources<'_>, &mut InForce) -> Result<(), Failure>,
    /// The images that it wants gone and why, reckoned from the store as it is, whether they can go or not.
    pub wants: fn(&Limits, &View<'_>) -> Vec<(usize, String)>,
    /// How it is exceeded by what stays.
    pub exceeded: fn(&Limits, &View<'_>, &[bool]) -> Vec<Excess>,
}

/// In words, what is there instead of a limit, and the images that would have had to go, ascending.
pub(crate) type Excess = (String, Vec<usize>);

/// What the store is to keep within. What is `None` limits nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// How many bytes the archives may have in all.
    pub max_size: Option<u64>,
    /// How long ago an image may have been used last, and still stay.
    pub max_age: Option<TimeDelta>,
    /// How many images may stay.
    pub keep_last: Option<KeepLast>,
    /// How many bytes are to be free on each file system with archives.
    pub min_free: Option<u64>,
    /// Images that are to go whatever the limits.
    pub named: HashSet<String>,
}

/// Limits as flags give them.
#[derive(Debug, Clone, Default, PartialEq, Args)]
pub struct Asked {
    /// Keep all archives together below SIZE, like 50GB
    ///
    /// 50GiB is 50 times 2^30 bytes, 50GB is 50 times 10^9 bytes.
    #[arg(long, value_name = "SIZE", value_parser = bytes::parse)]
    pub max_size: Option<u64>,

    /// Remove images that were not used for AGE: 30d, 12h, 2w
    ///
    /// Images that were never used are aged from their creation. Images that are pinned or kept by name are exempt.
    #[arg(long, value_name = "AGE", value_parser = duration::parse_age)]
    pub max_age: Option<Duration>,

    /// Keep the N most recently used images of each group
    ///
    /// Pinned images and images kept by name stay, and count as images of their group.
    #[arg(long, value_name = "N", value_parser = count::parse_any)]
    pub keep_last: Option<usize>,

    /// Group images by project, os, or name pattern, for --keep-last
    ///
    /// A pattern can be repeated. Default: all images are one group.
    #[arg(long, value_name = "GROUP", hide_short_help = true)]
    pub per: Vec<String>,

    /// Keep SIZE free on each file system with archives
    #[arg(long, value_name = "SIZE", value_parser = bytes::parse)]
    pub min_free: Option<u64>,

    /// Never remove images whose names match, like '*-base'
    ///
    /// Can be repeated.
    #[arg(long, value_name = "PATTERN", hide_short_help = true)]
    pub keep: Vec<String>,
}

impl Asked {
    /// Whether any limit is among them.
    pub fn has_limit(&self) -> bool {
        let limits = Self {
            per: Vec::new(),
            keep: Vec::new(),
            ..self.clone()
        };
        limits != Self::default()
    }
}
