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

/// The images on a disk, or on any, that go first and free as much together, and not one more; all if they don't. Thin
/// archives elsewhere that leave layers to them go too. Each with the reason.
pub(super) fn freeing(
    store: &View<'_>,
    disk: Option<u64>,
    bytes: u128,
    reason: &str,
) -> Vec<(usize, String)> {
    let is_on = |index: usize| disk.is_none_or(|disk| store.candidates[index].disk == disk);
    let removable = store.order.removable();
    let mut missing = bytes;
    let here = removable.iter().filter(|&&index| is_on(index));
    let first = here.take_while(|&&index| {
        let enough = missing == 0;
        missing = missing.saturating_sub(store.candidates[index].size.into());
        !enough
    });
    let mut goes = vec![false; store.candidates.len()];
    first.for_each(|&index| goes[index] = true);
    // A base comes after all that stands on it.
    for &index in removable.iter().rev() {
        goes[index] |= store.order.base(index).is_some_and(|base| goes[base]);
    }
    let going = removable.iter().filter(|&&index| goes[index]);
    going.map(|&index| (index, reason.to_owned())).collect()
}

/// A sum as a size: at most the largest.
pub(super) fn bytes(sum: u128) -> u64 {
    u64::try_from(sum).unwrap_or(u64::MAX)
}
