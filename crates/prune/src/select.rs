//! Which images of a store go.
//!
//! Each limit is reckoned from the store as it is, as if it were the only one, and whatever any of them
//! wants goes: one more limit never saves an image. What a limit wants stays for two causes alone: the
//! image is held, or a thin archive that stays leaves layers to it. The second is settled last, over what
//! all limits want together, so a base goes in the same run as the last archive that stands on it, even
//! if different limits want them.
//!
//! Where it matters which image goes first, it is the least recently used; see [`order`].
//!
//! Nothing here reads a clock, a disk or the environment. A run on what stays finds nothing to remove.

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
pub use types::{Candidate, Disk, Going, Hold, Selection, Staying, Unmet, Why};

/// Decides which images go, which stay and why, and which limits that leaves exceeded.
///
/// [`Limits::min_free`] is to hold on each of `disks`. On one whose free bytes are unknown, nothing goes for it.
pub fn select(
    candidates: &[Candidate],
    limits: &Limits,
    disks: &[Disk],
    now: DateTime<Utc>,
) -> Selection {
    let order = Order::new(candidates);
    let store = View {
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
    // The thin archives come before their base: each image's own are decided when its turn comes.
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

    Selection {
        going,
        staying: staying(candidates, &order, &stays),
        unmet: unmet(&store, &stays, limits),
    }
}

/// What limits are reckoned from.
pub(crate) struct View<'a> {
    pub candidates: &'a [Candidate],
    /// The order in which images go.
    pub order: &'a Order,
    /// The images that a person keeps, and their bases: that they stay exceeds no limit on each image.
    pub exempt: Vec<bool>,
    /// Where there is to be room.
    pub disks: &'a [Disk],
    pub now: DateTime<Utc>,
}

/// Of each image, why it is to go: for every limit by itself, whether it can go or not.
fn wanted(store: &View<'_>, limits: &Limits) -> Vec<Vec<String>> {
    let mut wanted = vec![Vec::new(); store.candidates.len()];
    let (room, each): (Vec<_>, Vec<_>) = RULES.iter().partition(|rule| rule.is_room);
    for rule in each.into_iter().chain(room) {
        for (index, reason) in (rule.wants)(limits, store) {
            wanted[index].push(reason);
        }
    }
    wanted
}

/// The limits that what stays exceeds, each reckoned again from what stays.
fn unmet(store: &View<'_>, stays: &[bool], limits: &Limits) -> Vec<Unmet> {
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

fn staying(candidates: &[Candidate], order: &Order, stays: &[bool]) -> Vec<Staying> {
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
