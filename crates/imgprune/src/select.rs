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

mod groups;
mod order;
mod phrases;
mod room;
#[cfg(test)]
mod tests;
mod types;
mod unmet;

use std::{iter, mem};

use chrono::{DateTime, Utc};

use groups::groups;
use order::Order;
pub use types::{
    Candidate, Going, Hold, KeepLast, Limits, Missed, Per, Reason, Selection, Staying, Unmet, Why,
};

/// Decides which images go, which stay and why, and which limits that leaves exceeded.
///
/// `free` is what is free on the store's file system, in bytes; unknown, nothing goes for
/// [`Limits::min_free`].
pub fn select(
    candidates: &[Candidate],
    limits: &Limits,
    free: Option<u64>,
    now: DateTime<Utc>,
) -> Selection {
    let order = Order::new(candidates);
    let mut wanted = wanted(candidates, &order, limits, free, now);

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
        unmet: unmet::unmet(candidates, &order, &stays, limits, free, now),
    }
}

/// Of each image, why it is to go: for every limit by itself, whether it can go or not.
fn wanted(
    candidates: &[Candidate],
    order: &Order,
    limits: &Limits,
    free: Option<u64>,
    now: DateTime<Utc>,
) -> Vec<Vec<Reason>> {
    let mut wanted = vec![Vec::new(); candidates.len()];
    if let Some(limit) = limits.max_age {
        for (candidate, reasons) in iter::zip(candidates, &mut wanted) {
            reasons.extend(
                candidate
                    .too_old(limit, now)
                    .map(|age| Reason::TooOld { age }),
            );
        }
    }
    if let Some(KeepLast { count, per }) = &limits.keep_last {
        for (group, members) in groups(candidates, per, order.latest_first()) {
            let (count, group) = (*count, group.to_string());
            for &index in members.iter().skip(count) {
                let group = group.clone();
                wanted[index].push(Reason::NotAmongLast { count, group });
            }
        }
    }
    if let Some(limit) = limits.max_size {
        let excess = room::sum(candidates).saturating_sub(limit.into());
        for &index in room::freeing(candidates, order.removable(), excess) {
            wanted[index].push(Reason::StoreTooLarge { limit });
        }
    }
    if let (Some(limit), Some(free)) = (limits.min_free, free) {
        let lack = limit.saturating_sub(free);
        for &index in room::freeing(candidates, order.removable(), lack.into()) {
            wanted[index].push(Reason::DiskTooFull { limit });
        }
    }
    wanted
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

fn indexes(stays: &[bool]) -> impl Iterator<Item = usize> {
    let all = stays.iter().enumerate();
    all.filter_map(|(index, stays)| stays.then_some(index))
}
