//! The limits on room: how much has to go, and what goes for it.
//!
//! Sums are wider than sizes: a registry may claim any size, and a sum that wraps removes the wrong images.

use crate::Candidate;
use crate::select::View;

/// The bytes of all archives.
pub(super) fn sum<'a>(candidates: impl IntoIterator<Item = &'a Candidate>) -> u128 {
    let sizes = candidates.into_iter().map(|candidate| candidate.size);
    sizes.map(u128::from).sum()
}

/// The images that go first and free as much together, and not one more; all if they don't. Each with the reason.
pub(super) fn freeing(store: &View<'_>, bytes: u128, reason: &str) -> Vec<(usize, String)> {
    let mut missing = bytes;
    let first = store.order.removable().iter().take_while(|&&index| {
        let enough = missing == 0;
        missing = missing.saturating_sub(store.candidates[index].size.into());
        !enough
    });
    first.map(|&index| (index, reason.to_owned())).collect()
}

/// A sum as a size: at most the largest.
pub(super) fn bytes(sum: u128) -> u64 {
    u64::try_from(sum).unwrap_or(u64::MAX)
}
