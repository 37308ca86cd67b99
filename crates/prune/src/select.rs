//! Decides which images of a store to remove.
//!
//! Each limit is computed from the whole store, as if it were the only one. Every image that any limit wants is
//! removed, so one more limit never saves an image. Only two reasons keep such an image: it is held, or it is the base
//! of a thin archive that stays. The second is decided last, for all limits together. So a base is removed in the same
//! run as its last thin archive, even if different limits want them.
//!
//! If the order matters, the least recently used image is removed first; see [`order`].
//!
//! Nothing here reads a clock, a disk or the environment. A second run finds nothing to remove.

mod order;
mod phrases;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod types;

use std::mem;

use chrono::{DateTime, Utc};

use crate::limits::{Limits, RULES, Rule};
pub(crate) use order::Order;
pub use types::{Disk, Going, Hold, PrunePlan, Staying, StoredImage, Unmet, Why};

/// Decides which images are removed, which stay and why, and which limits remain exceeded.
///
/// [`Limits::min_free`] applies to each of `disks`. If the free bytes of a disk are unknown, nothing is removed for it.
pub fn select(
    candidates: &[StoredImage],
    limits: &Limits,
    disks: &[Disk],
    now: DateTime<Utc>,
) -> PrunePlan {
    let order = Order::new(candidates);
    let store = StoreView {
        candidates,
        order: &order,
        exempt: order.with_bases(|index| candidates[index].is_kept()),
        disks,
        now,
    };
    let mut wanted = wanted(&store, limits);

    let mut stays = vec![true; candidates.len()];
    let mut thins = order.thins();
    let mut going = Vec::new();
    // Thin archives precede their base, so all images on a base are decided before it.
    for &index in order.removable() {
        if wanted[index].is_empty() || thins[index] > 0 {
            continue;
        }
        let reasons = mem::take(&mut wanted[index]);
        stays[index] = false;
        if let Some(base) = order.base(index) {
            thins[base] -= 1;
        }
        going.push(Going { index, reasons });
    }

    PrunePlan {
        going,
        staying: staying(candidates, &order, &stays),
        unmet: unmet(&store, &stays, limits),
    }
}

/// The input of the limits.
pub(crate) struct StoreView<'a> {
    pub candidates: &'a [StoredImage],
    /// The order of removal.
    pub order: &'a Order,
    /// The images that a person keeps, and their bases. They exceed no limit on single images.
    pub exempt: Vec<bool>,
    /// The disks that need room.
    pub disks: &'a [Disk],
    pub now: DateTime<Utc>,
}

/// For each image, why limits want to remove it: each limit by itself, holds not considered.
fn wanted(store: &StoreView<'_>, limits: &Limits) -> Vec<Vec<String>> {
    let mut wanted = vec![Vec::new(); store.candidates.len()];
    let (room, each): (Vec<_>, Vec<_>) = RULES.iter().partition(|rule| rule.is_room);
    for rule in each.into_iter().chain(room) {
        for (index, reason) in (rule.wants)(limits, store) {
            wanted[index].push(reason);
        }
    }
    wanted
}

/// The limits that the remaining images exceed, each computed again from these images.
fn unmet(store: &StoreView<'_>, stays: &[bool], limits: &Limits) -> Vec<Unmet> {
    let of = |rule: &Rule| {
        let limit = rule.name;
        let exceeded = (rule.exceeded)(limits, store, stays).into_iter();
        exceeded.map(move |(says, held_by)| Unmet {
            limit,
            says,
            held_by,
        })
    };
    RULES.iter().flat_map(of).collect()
}

fn staying(candidates: &[StoredImage], order: &Order, stays: &[bool]) -> Vec<Staying> {
    let mut needed_by = vec![Vec::new(); candidates.len()];
    for index in indexes(stays) {
        if let Some(base) = order.base(index) {
            needed_by[base].push(candidates[index].name.clone());
        }
    }
    let explain = |index: usize| {
        let holds = candidates[index].holds.iter();
        let mut why: Vec<_> = holds.cloned().map(Why::Held).collect();
        let names = mem::take(&mut needed_by[index]);
        if !names.is_empty() {
            why.push(Why::BaseOf(names));
        }
        if why.is_empty() {
            why.push(Why::WithinLimits);
        }
        Staying { index, why }
    };
    indexes(stays).map(explain).collect()
}

/// The images that stay, ascending.
pub(crate) fn indexes(stays: &[bool]) -> impl Iterator<Item = usize> {
    let all = stays.iter().enumerate();
    all.filter_map(|(index, stays)| stays.then_some(index))
}
