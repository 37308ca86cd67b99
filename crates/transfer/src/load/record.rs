//! Counts the use of an image in the registry.

use std::time::Duration;

use chrono::{SubsecRound, Utc};
use failure::Failure;
use registry::Store;
use ui::Reporter;

/// Sets `last_used` to now and increments `usage_count` for each given name. A registry that cannot be written (a read-only
/// checkout) causes only a warning: the image is loaded.
pub(crate) fn count_use(
    store: &Store,
    names: &[&str],
    lock_timeout: Duration,
    reporter: &Reporter,
) -> Result<(), Failure> {
    // An entry that disappeared meanwhile was pruned, so it needs no count.
    let counted = store.count_use(names, Utc::now().trunc_subsecs(0), lock_timeout);
    match counted {
        Err(error) if error.is_read_only() => {
            reporter.warn(format!("cannot count this use: {error}"));
            Ok(())
        }
        counted => Ok(counted?),
    }
}
