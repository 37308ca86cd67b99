//! The limits on room: how many bytes to free, and which images to remove for that.
//!
//! Sums are wider than sizes. A registry may claim any size, and an overflow would remove the wrong images.

use crate::StoredImage;
use crate::select::StoreView;

/// The bytes of all archives.
pub(super) fn sum<'a>(candidates: impl IntoIterator<Item = &'a StoredImage>) -> u128 {
    let sizes = candidates.into_iter().map(|candidate| candidate.size);
    sizes.map(u128::from).sum()
}

/// The shortest sequence of images, on one disk or on any, that frees so many `bytes` together; all if that is not enough.
/// It includes the thin archives on other disks that stand on them. Each has its reason.
pub(super) fn freeing(
    store: &StoreView<'_>,
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
    // A base follows the images that stand on it.
    for &index in removable.iter().rev() {
        goes[index] |= store.order.base(index).is_some_and(|base| goes[base]);
    }
    let going = removable.iter().filter(|&&index| goes[index]);
    going.map(|&index| (index, reason.to_owned())).collect()
}

/// A sum as a size, at most the largest size.
pub(super) fn bytes(sum: u128) -> u64 {
    u64::try_from(sum).unwrap_or(u64::MAX)
}
