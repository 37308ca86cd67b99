//! The common result of all package databases: installed names, versions, provided names.

use std::collections::{BTreeMap, BTreeSet};

/// The installed packages of an image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Packages {
    /// Bare name to version. A package with two architectures is listed once.
    pub installed: BTreeMap<String, String>,
    /// Names that installed packages provide besides their own.
    pub provided: BTreeSet<String>,
}

impl Packages {
    pub(crate) fn insert(&mut self, name: &str, version: &str) {
        self.installed
            .entry(name.to_owned())
            .or_insert_with(|| version.to_owned());
    }

    /// Adds provided names. Names like `so:`, `cmd:`, `/path` and `lib(x)` are skipped: they are many, and cannot be
    /// required.
    pub(crate) fn provide<'a>(&mut self, names: impl IntoIterator<Item = &'a str>) {
        let askable = |name: &&str| !name.is_empty() && !name.contains([':', '/', '(', ' ']);
        self.provided
            .extend(names.into_iter().filter(askable).map(str::to_owned));
    }

    pub(crate) fn merge(&mut self, other: Self) {
        for (name, version) in other.installed {
            self.installed.entry(name).or_insert(version);
        }
        self.provided.extend(other.provided);
    }
}
