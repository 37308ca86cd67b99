//! The limits that what stays exceeds, each reckoned again from what stays.

use chrono::{DateTime, Utc};

use super::groups::groups;
use super::order::Order;
use super::{Candidate, KeepLast, Limits, Missed, Unmet, indexes, room};

pub(super) fn unmet(
    candidates: &[Candidate],
    order: &Order,
    stays: &[bool],
    limits: &Limits,
    free: Option<u64>,
    now: DateTime<Utc>,
) -> Vec<Unmet> {
    let mut unmet = Vec::new();
    let kept = room::sum(indexes(stays).map(|index| &candidates[index]));
    // A limit on room stays exceeded only when all that can go is gone: whatever is left is held, or
    // is needed by what is.
    let all = || indexes(stays).collect();
    if let Some(wanted) = limits.max_size
        && kept > wanted.into()
    {
        let found = room::bytes(kept);
        let limit = Missed::MaxSize { wanted, found };
        unmet.push(Unmet {
            limit,
            held_by: all(),
        });
    }
    if let Some(wanted) = limits.max_age {
        let (held_by, ages): (Vec<_>, Vec<_>) = indexes(stays)
            .filter_map(|index| Some((index, candidates[index].too_old(wanted, now)?)))
            .unzip();
        if let Some(found) = ages.into_iter().max() {
            let limit = Missed::MaxAge { wanted, found };
            unmet.push(Unmet { limit, held_by });
        }
    }
    if let Some(KeepLast { count, per }) = &limits.keep_last {
        let kept = order.latest_first().filter(|&index| stays[index]);
        for (group, members) in groups(candidates, per, kept) {
            if members.len() > *count {
                let limit = Missed::KeepLast {
                    group: group.to_string(),
                    wanted: *count,
                    found: members.len(),
                };
                let mut held_by = members[*count..].to_vec();
                held_by.sort_unstable();
                unmet.push(Unmet { limit, held_by });
            }
        }
    }
    if let Some(wanted) = limits.min_free {
        let freed = room::sum(candidates) - kept;
        let found = free.map(|free| room::bytes(u128::from(free) + freed));
        if found.is_none_or(|found| found < wanted) {
            let held_by = found.map(|_| all()).unwrap_or_default();
            let limit = Missed::MinFree { wanted, found };
            unmet.push(Unmet { limit, held_by });
        }
    }
    unmet
}
