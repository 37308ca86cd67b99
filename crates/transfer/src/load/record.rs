//! Counting the use of an image in the registry.

use std::time::Duration;

use chrono::{SubsecRound, Utc};
use failure::Failure;
use registry::Store;
use ui::Reporter;

/// Sets `last_used` to now and adds one to `usage_count`, each time that a name is given. A registry that can't be written (a
/// read-only checkout) is a warning: the image is loaded all the same.
pub(crate) fn count_use(
    store: &Store,
    names: &[&str],
    lock_timeout: Duration,
    reporter: &Reporter,
) -> Result<(), Failure> {
    // One that is gone since it was read was pruned: there is nothing to count.
    let counted = store.count_use(names, Utc::now().trunc_subsecs(0), lock_timeout);
    match counted {
        Err(error) if error.is_read_only() => {
            reporter.warn(format!("cannot count this use: {error}"));
            Ok(())
        }
        counted => Ok(counted?),
    }
}
