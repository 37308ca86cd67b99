//! The groups of `--keep-last`.

use std::collections::BTreeMap;
use std::fmt;

use super::Per;
use crate::StoredImage;

/// A group. Patterns are ordered as they were given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group<'a> {
    Store,
    Project(&'a str),
    Os(&'a str),
    Pattern(usize, &'a str),
}

impl fmt::Display for Group<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store => write!(f, "the store"),
            Self::Project("") => write!(f, "no project"),
            Self::Project(name) => write!(f, "project {name}"),
            Self::Os("") => write!(f, "no known system"),
            Self::Os(name) => write!(f, "system {name}"),
            Self::Pattern(_, pattern) => write!(f, "pattern {pattern}"),
        }
    }
}

/// The images of each group, in the given order.
pub(super) fn groups<'a>(
    candidates: &'a [StoredImage],
    per: &'a Per,
    images: impl Iterator<Item = usize>,
) -> BTreeMap<Group<'a>, Vec<usize>> {
    let mut groups = BTreeMap::<_, Vec<_>>::new();
    for index in images {
        if let Some(group) = group(&candidates[index], per) {
            groups.entry(group).or_default().push(index);
        }
    }
    groups
}

fn group<'a>(candidate: &'a StoredImage, per: &'a Per) -> Option<Group<'a>> {
    Some(match per {
        Per::Store => Group::Store,
        Per::Project => Group::Project(&candidate.project),
        Per::Os => Group::Os(&candidate.os),
        Per::Patterns(patterns) => {
            let mut all = patterns.iter();
            let place = all.position(|pattern| pattern.matches(&candidate.name))?;
            Group::Pattern(place, patterns[place].as_str())
        }
    })
}
