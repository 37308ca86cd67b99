//! The order in which images go.
//!
//! The least recently used goes first; one without any stamp counts as the least recent of all. Of two
//! equally recent ones first the one that can be had from a remote, then the larger, then the one whose
//! name comes first. A base waits until the last thin archive that stands on it is gone, and then takes
//! its place.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::Candidate;

/// Who stands on whom, and who goes before whom.
pub(crate) struct Order {
    /// Of each candidate, the index of its base.
    bases: Vec<Option<usize>>,
    /// All candidates, the least recent first.
    by_recency: Vec<usize>,
    /// What can be removed at all, in the order in which to remove it.
    removable: Vec<usize>,
}

impl Order {
    pub(crate) fn new(candidates: &[Candidate]) -> Self {
        let mut order = Self {
            bases: bases(candidates),
            by_recency: by_recency(candidates),
            removable: Vec::with_capacity(candidates.len()),
        };
        order.removable = order.remove_all(candidates);
        order
    }

    /// The base that an image leaves layers to, if it is a candidate.
    pub(crate) fn base(&self, index: usize) -> Option<usize> {
        self.bases[index]
    }

    /// The images that `is` says, and those that they leave layers to.
    pub(crate) fn with_bases(&self, is: impl Fn(usize) -> bool) -> Vec<bool> {
        let mut with = vec![false; self.bases.len()];
        for index in (0..self.bases.len()).filter(|&index| is(index)) {
            let mut next = Some(index);
            // What is in already has its bases in: circles end too.
            while let Some(index) = next.filter(|&index| !with[index]) {
                with[index] = true;
                next = self.bases[index];
            }
        }
        with
    }

    /// Of each candidate, how many stand on it directly.
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

    /// What is neither held nor needed by what is, in the order in which to remove it. Without some of
    /// them it is the right order of the others still, as long as none of those is a thin archive on
    /// what goes.
    pub(crate) fn removable(&self) -> &[usize] {
        &self.removable
    }

    /// Bases that stand on each other wait for each other, and never come up.
    fn remove_all(&self, candidates: &[Candidate]) -> Vec<usize> {
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

fn bases(candidates: &[Candidate]) -> Vec<Option<usize>> {
    let names: HashMap<&str, usize> = candidates
        .iter()
        .enumerate()
        .map(|(index, candidate)| (candidate.name.as_str(), index))
        .collect();
    let base = |candidate: &Candidate| names.get(candidate.base.as_deref()?).copied();
    candidates.iter().map(base).collect()
}

fn by_recency(candidates: &[Candidate]) -> Vec<usize> {
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
