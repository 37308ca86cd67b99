//! The order of removal.
//!
//! The least recently used image is first. One without any time stamp counts as the least recent of all. Ties: first
//! the images with a remote, then the larger, then by name. A base follows the last thin archive that stands on it.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::StoredImage;

/// The bases, and the order of removal.
pub(crate) struct Order {
    /// The index of each candidate's base.
    bases: Vec<Option<usize>>,
    /// All candidates, the least recent first.
    by_recency: Vec<usize>,
    /// The removable candidates, in the order of removal.
    removable: Vec<usize>,
}

impl Order {
    pub(crate) fn new(candidates: &[StoredImage]) -> Self {
        let mut order = Self {
            bases: bases(candidates),
            by_recency: by_recency(candidates),
            removable: Vec::with_capacity(candidates.len()),
        };
        order.removable = order.remove_all(candidates);
        order
    }

    /// The base of a thin image, if it is a candidate.
    pub(crate) fn base(&self, index: usize) -> Option<usize> {
        self.bases[index]
    }

    /// The images that match, and their bases.
    pub(crate) fn with_bases(&self, is: impl Fn(usize) -> bool) -> Vec<bool> {
        let mut with = vec![false; self.bases.len()];
        for index in (0..self.bases.len()).filter(|&index| is(index)) {
            let mut next = Some(index);
            // If an image is marked, its bases are marked too. This also ends cycles.
            while let Some(index) = next.filter(|&index| !with[index]) {
                with[index] = true;
                next = self.bases[index];
            }
        }
        with
    }

    /// For each candidate, the number of images that stand on it directly.
    pub(super) fn thins(&self) -> Vec<usize> {
        let mut thins = vec![0; self.bases.len()];
        for &base in self.bases.iter().flatten() {
            thins[base] += 1;
        }
        thins
    }

    /// All candidates, the most recent first.
    pub(crate) fn latest_first(&self) -> impl Iterator<Item = usize> {
        self.by_recency.iter().rev().copied()
    }

    /// The candidates that are not held and not the base of a held one, in the order of removal. The order stays right
    /// if you leave some out, except a thin archive whose base is removed.
    pub(crate) fn removable(&self) -> &[usize] {
        &self.removable
    }

    /// Bases in a cycle wait for each other, so they are never removed.
    fn remove_all(&self, candidates: &[StoredImage]) -> Vec<usize> {
        let mut thins = self.thins();
        let mut ranks = vec![0; candidates.len()];
        for (rank, &index) in self.by_recency.iter().enumerate() {
            ranks[index] = rank;
        }
        let is_free =
            |index: usize, thins: &[usize]| thins[index] == 0 && candidates[index].holds.is_empty();
        let mut ready: BinaryHeap<_> = (0..candidates.len())
            .filter(|&index| is_free(index, &thins))
            .map(|index| Reverse(ranks[index]))
            .collect();
        let mut removed = Vec::with_capacity(candidates.len());
        while let Some(Reverse(rank)) = ready.pop() {
            let index = self.by_recency[rank];
            removed.push(index);
            if let Some(base) = self.bases[index] {
                thins[base] -= 1;
                if is_free(base, &thins) {
                    ready.push(Reverse(ranks[base]));
                }
            }
        }
        removed
    }
}

fn bases(candidates: &[StoredImage]) -> Vec<Option<usize>> {
    let names: HashMap<&str, usize> = candidates
        .iter()
        .enumerate()
        .map(|(index, candidate)| (candidate.name.as_str(), index))
        .collect();
    let base = |candidate: &StoredImage| names.get(candidate.base.as_deref()?).copied();
    candidates.iter().map(base).collect()
}

fn by_recency(candidates: &[StoredImage]) -> Vec<usize> {
    let mut indexes: Vec<_> = (0..candidates.len()).collect();
    indexes.sort_by_cached_key(|&index| {
        let candidate = &candidates[index];
        (
            candidate.recency(),
            !candidate.has_remote,
            Reverse(candidate.size),
            candidate.name.as_str(),
        )
    });
    indexes
}
