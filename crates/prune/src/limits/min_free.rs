//! `--min-free`: how many bytes are to be free on the store's file system. The least recently used go.

use ui::size;

use super::{Rule, room};
use crate::select::indexes;

/// In `images.cleanup`.
const KEY: &str = "min_free_gb";

pub(super) const RULE: Rule = Rule {
    name: "min-free",
    is_room: true,
    read: |sources, own| {
        // It is asked for in two places; the larger holds for both.
        let settings = sources.cleanup.gigabytes(KEY)?.into_iter();
        let settings = settings.chain(sources.config.disk_min_free.clone());
        let setting = settings.max_by_key(|setting| setting.value);
        let said = sources.either(RULE.name, sources.asked.min_free, setting);
        own.limits.min_free = own.note(RULE.name, said, |bytes| size(*bytes));
        Ok(())
    },
    wants: |limits, store| {
        let (Some(limit), Some(free)) = (limits.min_free, store.free) else {
            return Vec::new();
        };
        let reason = format!("less than {} free", size(limit));
        room::freeing(store, limit.saturating_sub(free).into(), &reason)
    },
    exceeded: |limits, store, stays| {
        let Some(limit) = limits.min_free else {
            return Vec::new();
        };
        let Some(free) = store.free else {
            let says = format!("it is unknown whether {} are free", size(limit));
            return vec![(says, Vec::new())];
        };
        let kept = room::sum(indexes(stays).map(|index| &store.candidates[index]));
        let found = room::bytes(u128::from(free) + room::sum(store.candidates) - kept);
        if found >= limit {
            return Vec::new();
        }
        // All that can go is gone: whatever is left is held, or is needed by what is.
        let says = format!("only {} free, not {}", size(found), size(limit));
        vec![(says, indexes(stays).collect())]
    },
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;
    use crate::select::testing::{check, exceeded, image};

    #[test]
    fn what_goes_and_what_is_said() {
        // 5 bytes are free.
        let limit = |bytes| Limits {
            min_free: Some(bytes),
            ..Limits::default()
        };
        let store = [image("b", 2), image("a", 1)];
        check(&RULE, &limit(5), &store, &[]);
        check(&RULE, &limit(15), &store, &[("b", "less than 15 B free")]);
        exceeded(&RULE, &limit(15), &store, &[1], &[]);
        let says = "only 15 B free, not 16 B";
        exceeded(&RULE, &limit(16), &store, &[1], &[(says, &[1])]);
    }
}
