//! `--max-size`: the largest sum of all archives, in bytes. The least recently used images are removed first.

use ui::size;

use super::{Rule, room};
use crate::select::indexes;

/// The key of `images.cleanup`.
const KEY: &str = "max_size_gb";

pub(super) const RULE: Rule = Rule {
    name: "max-size",
    is_room: true,
    read: |sources, own| {
        let setting = sources.cleanup.gigabytes(KEY)?;
        let said = sources.either(RULE.name, sources.asked.max_size, setting);
        own.limits.max_size = own.note(RULE.name, said, |bytes| size(*bytes));
        Ok(())
    },
    wants: |limits, store| {
        let Some(limit) = limits.max_size else {
            return Vec::new();
        };
        let excess = room::sum(store.candidates).saturating_sub(limit.into());
        let reason = format!("the store exceeds {}", size(limit));
        room::freeing(store, None, excess, &reason)
    },
    exceeded: |limits, store, stays| {
        let kept = room::sum(indexes(stays).map(|index| &store.candidates[index]));
        let exceeded = limits.max_size.filter(|limit| kept > (*limit).into());
        let says = exceeded.map(|limit| {
            let found = size(room::bytes(kept));
            format!("the store still has {found} (limit: {})", size(limit))
        });
        // Everything removable is gone: the rest is held, or is the base of a held image.
        says.map(|says| (says, indexes(stays).collect()))
            .into_iter()
            .collect()
    },
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;
    use crate::select::testing::{check, exceeded, held, image};

    #[test]
    fn what_goes_and_what_is_said() {
        let limit = |bytes| Limits {
            max_size: Some(bytes),
            ..Limits::default()
        };
        let store = [image("c", 3), held(image("a", 1)), image("b", 2)];
        let over = "the store exceeds 15 B";
        check(&RULE, &limit(30), &store, &[]);
        check(&RULE, &limit(15), &store, &[("c", over), ("b", over)]);
        exceeded(&RULE, &limit(10), &store, &[1], &[]);
        let says = "the store still has 10 B (limit: 9 B)";
        exceeded(&RULE, &limit(9), &store, &[1], &[(says, &[1])]);
    }
}
