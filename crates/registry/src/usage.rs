//! Counts the uses of images.
//!
//! Usually in the registry. If the registry is in Git, every load would change it. With [`Usage::Local`], uses are
//! counted in `images/.imgpipe/usage.json` instead, which Git ignores. Readers of the registry see the sum.

use std::collections::BTreeMap;
use std::time::Duration;

use camino::Utf8PathBuf;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::unfinished::TemporaryPath;
use crate::{Edit, Entry, Error, Store, nofollow, work};

/// The file beside the registry's lock.
const FILE: &str = "usage.json";

/// The longest file, in bytes: a hundred for each entry of the largest registry.
const MAX_BYTES: u64 = 16 << 20;

/// How far a time may be ahead because the clocks of hosts differ.
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);

/// The place of the counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Usage {
    /// In the registry.
    #[default]
    Registry,
    /// In the untracked part of the store.
    Local,
}

/// The uses by image name that the registry does not count.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct UsageCounts(BTreeMap<String, Use>);

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Use {
    last_used: Option<DateTime<Utc>>,
    #[serde(default)]
    usage_count: u64,
}

impl UsageCounts {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds these uses to an entry.
    pub(crate) fn add_to(&self, entry: &mut Entry) {
        if let Some(used) = self.0.get(&entry.name) {
            entry.last_used = match used.last_used {
                Some(last) => later(entry.last_used, last, Utc::now()),
                None => entry.last_used,
            };
            entry.usage_count = entry.usage_count.saturating_add(used.usage_count);
        }
    }
}

impl Store {
    /// The same store, with this place of the counts.
    #[must_use]
    pub fn with_usage(mut self, usage: Usage) -> Self {
        self.usage = usage;
        self
    }

    /// Counts one use for each given name; repeated names count again. Unregistered names are ignored.
    pub fn count_use(
        &self,
        names: &[&str],
        now: DateTime<Utc>,
        timeout: Duration,
    ) -> Result<(), Error> {
        match self.usage {
            Usage::Registry => self.update(timeout, |registry| {
                let entries = registry.entries().iter();
                let edits = entries.filter_map(|entry| {
                    let mut used = entry.clone();
                    let uses = count(names, &entry.name);
                    used.last_used = later(used.last_used, now, now);
                    used.usage_count = used.usage_count.saturating_add(uses);
                    (uses > 0).then_some(Edit::Put(used))
                });
                Ok((edits.collect(), ()))
            }),
            Usage::Local => {
                let _lock = self.lock_registry(timeout)?;
                let registry = self.read_or_empty()?;
                let mut all = self.uses()?;
                all.0.retain(|name, _| registry.get(name).is_some());
                for name in names.iter().filter(|name| registry.get(name).is_some()) {
                    let used = all.0.entry((*name).to_owned()).or_default();
                    used.last_used = later(used.last_used, now, now);
                    used.usage_count = used.usage_count.saturating_add(1);
                }
                self.write_uses(&all)
            }
        }
    }

    /// The uses outside the registry; empty if it counts all.
    pub(crate) fn uses(&self) -> Result<UsageCounts, Error> {
        if self.usage == Usage::Registry {
            return Ok(UsageCounts::default());
        }
        let path = self.uses_path();
        // A damaged file counts as empty, and is rewritten.
        let bytes = nofollow::read(&path, MAX_BYTES)?.unwrap_or_default();
        Ok(serde_json::from_slice(&bytes).unwrap_or_default())
    }

    fn write_uses(&self, uses: &UsageCounts) -> Result<(), Error> {
        let path = work::folder(self.root())?.join(FILE);
        TemporaryPath::new(path.with_extension("unfinished")).write_json(&path, uses)
    }

    fn uses_path(&self) -> Utf8PathBuf {
        self.root().join(work::FOLDER).join(FILE)
    }
}

/// The later of two uses. A time in the future is from a clock that was ahead, and is ignored.
fn later(
    before: Option<DateTime<Utc>>,
    used: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let before = before.filter(|before| *before <= now + CLOCK_SKEW);
    before.max(Some(used))
}

fn count(names: &[&str], name: &str) -> u64 {
    names.iter().map(|other| u64::from(*other == name)).sum()
}

#[cfg(test)]
mod tests;
