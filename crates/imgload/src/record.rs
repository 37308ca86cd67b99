//! Counting the use of an image in the registry.

use std::time::Duration;

use chrono::{SubsecRound, Utc};
use cli::{Failure, Reporter};
use registry::{Edit, Store};

/// Sets `last_used` to now and adds one to `usage_count`, each time that a name is given. A registry that can't be written (a
/// read-only checkout) is a warning: the image is loaded all the same.
pub(crate) fn count_use(
    store: &Store,
    names: &[&str],
    lock_timeout: Duration,
    reporter: &Reporter,
) -> Result<(), Failure> {
    let counted = store.update(lock_timeout, |registry| {
        // Gone since it was read: somebody pruned it, and there is nothing to count.
        let entries = registry.entries().iter();
        let edits = entries.filter_map(|entry| {
            let uses = names.iter().filter(|name| **name == entry.name).count();
            let mut entry = entry.clone();
            // A clock that went back makes nothing older than it was.
            entry.last_used = entry.last_used.max(Some(Utc::now().trunc_subsecs(0)));
            entry.usage_count = entry
                .usage_count
                .saturating_add(u64::try_from(uses).unwrap_or(1));
            (uses > 0).then_some(Edit::Put(entry))
        });
        Ok::<_, registry::Error>((edits.collect(), ()))
    });
    match counted {
        Err(error) if error.is_read_only() => {
            reporter.warn(format!("the use is not counted: {error}"));
            Ok(())
        }
        counted => Ok(counted?),
    }
}
