//! The limits on room: how much has to go, and what goes for it.
//!
//! Sums are wider than sizes: a registry may claim any size, and a sum that wraps removes the wrong images.

use super::Candidate;

/// The bytes of all archives.
pub(super) fn sum<'a>(candidates: impl IntoIterator<Item = &'a Candidate>) -> u128 {
    let sizes = candidates.into_iter().map(|candidate| candidate.size);
    sizes.map(u128::from).sum()
}

/// The images at the head of an order that free as much together, and not one more; all if they don't.
pub(super) fn freeing<'a>(
    candidates: &[Candidate],
    order: &'a [usize],
    bytes: u128,
) -> &'a [usize] {
    let mut missing = bytes;
    let enough = order.iter().position(|&index| {
        let enough = missing == 0;
        missing = missing.saturating_sub(candidates[index].size.into());
        enough
    });
    &order[..enough.unwrap_or(order.len())]
}

/// A sum as a size: at most the largest.
pub(super) fn bytes(sum: u128) -> u64 {
    u64::try_from(sum).unwrap_or(u64::MAX)
}
