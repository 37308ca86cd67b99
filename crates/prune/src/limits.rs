//! The limits: one module each, and the tables that list them.

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

use crate::select::StoreView;
pub use in_force::{InForce, Origin};
pub use keep_last::{KeepLast, Per};
use said::Sources;

/// The limits, in the order of messages.
pub(crate) const RULES: &[Rule] = &[
    max_size::RULE,
    max_age::RULE,
    keep_last::RULE,
    min_free::RULE,
    named::RULE,
];

/// A limit. All its functions are pure.
pub(crate) struct Rule {
    /// The flag without its dashes.
    pub name: &'static str,
    /// Whether the limit is on all images together. Its reasons are listed last.
    pub is_room: bool,
    /// Reads the limit from a flag or the config.
    read: fn(&Sources<'_>, &mut InForce) -> Result<(), Failure>,
    /// The images that the limit wants to remove, and why. It sees the whole store, and does not consider holds.
    pub wants: fn(&Limits, &StoreView<'_>) -> Vec<(usize, String)>,
    /// Reports if the remaining images exceed the limit.
    pub exceeded: fn(&Limits, &StoreView<'_>, &[bool]) -> Vec<Excess>,
}

/// The actual value as text, and the images that should have been removed, ascending.
pub(crate) type Excess = (String, Vec<usize>);

/// The limits on the store. `None` means no limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// The largest sum of all archives, in bytes.
    pub max_size: Option<u64>,
    /// The longest time since the last use of an image.
    pub max_age: Option<TimeDelta>,
    /// How many images of each group stay.
    pub keep_last: Option<KeepLast>,
    /// The free bytes on each file system with archives.
    pub min_free: Option<u64>,
    /// Images to remove regardless of limits.
    pub named: HashSet<String>,
}

/// The limits as flags.
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
    /// Whether a flag sets a limit.
    pub fn has_limit(&self) -> bool {
        let limits = Self {
            per: Vec::new(),
            keep: Vec::new(),
            ..self.clone()
        };
        limits != Self::default()
    }
}
