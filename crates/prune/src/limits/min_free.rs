//! `--min-free`: the free bytes on each file system with archives. The least recently used images are removed first.

use std::collections::HashSet;

use ui::size;

use super::{Rule, room};
use crate::select::indexes;

/// The key of `images.cleanup`.
const KEY: &str = "min_free_gb";

pub(super) const RULE: Rule = Rule {
    name: "min-free",
    is_room: true,
    read: |sources, own| {
        // Two keys set this limit. The larger value satisfies both.
        let settings = sources.cleanup.gigabytes(KEY)?.into_iter();
        let settings = settings.chain(sources.config.disk_min_free.clone());
        let setting = settings.max_by_key(|setting| setting.value);
        let said = sources.either(RULE.name, sources.asked.min_free, setting);
        own.limits.min_free = own.note(RULE.name, said, |bytes| size(*bytes));
        Ok(())
    },
    wants: |limits, store| {
        let Some(limit) = limits.min_free else {
            return Vec::new();
        };
        let reason = format!("less than {} free", size(limit));
        let disks = store.disks.iter();
        let missing = disks.filter_map(|disk| Some((disk.id, limit.saturating_sub(disk.free?))));
        let wanted = missing
            .flat_map(|(disk, bytes)| room::freeing(store, Some(disk), bytes.into(), &reason));
        // The removal of an image may be wanted for its own disk, and for its base's disk.
        let mut seen = HashSet::new();
        wanted.filter(|(index, _)| seen.insert(*index)).collect()
    },
    exceeded: |limits, store, stays| {
        let Some(limit) = limits.min_free else {
            return Vec::new();
        };
        let disks = store.disks.iter();
        let exceeded = disks.filter_map(|disk| {
            let at = match store.disks {
                [_] => String::new(),
                _ => format!(" in {}", disk.folder),
            };
            let Some(free) = disk.free else {
                let says = format!("cannot tell if {} are free{at}", size(limit));
                return Some((says, Vec::new()));
            };
            let is_here = |index: &usize| store.candidates[*index].disk == disk.id;
            let stay: Vec<_> = indexes(stays).filter(is_here).collect();
            let all = store.candidates.iter().filter(|it| it.disk == disk.id);
            let kept = room::sum(stay.iter().map(|index| &store.candidates[*index]));
            let found = room::bytes(u128::from(free) + room::sum(all) - kept);
            // Everything removable is gone: the rest is held, or is the base of a held image.
            let says = || format!("only {} free{at} (required: {})", size(found), size(limit));
            (found < limit).then(|| (says(), stay))
        });
        exceeded.collect()
    },
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::select::testing::{check, exceeded, image, now};
    use crate::{Disk, Limits, StoredImage, select};

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
        let says = "only 15 B free (required: 16 B)";
        exceeded(&RULE, &limit(16), &store, &[1], &[(says, &[1])]);
    }

    /// A folder of the store may be a mount, and a thin archive may be on another disk than its base.
    #[test]
    fn each_disk_has_its_room() {
        let disk = |id, folder: &str, free| Disk {
            id,
            folder: folder.to_owned(),
            free,
        };
        let disks = [disk(0, "images", Some(5)), disk(1, "images/a", Some(100))];
        let on = |disk, image: StoredImage| StoredImage { disk, ..image };
        let thin = StoredImage {
            base: Some("base".to_owned()),
            ..on(1, image("thin", 1))
        };
        let store = [
            on(1, image("old", 9)),
            on(0, image("base", 8)),
            thin,
            on(0, image("new", 0)),
        ];
        let limits = |bytes| Limits {
            min_free: Some(bytes),
            ..Limits::default()
        };
        let going = |disks: &[Disk], bytes| {
            let selection = select(&store, &limits(bytes), disks, now());
            let going = selection
                .going
                .iter()
                .map(|going| &*store[going.index].name);
            let unmet = selection.unmet.into_iter().map(|unmet| unmet.says);
            (
                going.collect::<Vec<_>>().join(" "),
                unmet.collect::<Vec<_>>(),
            )
        };
        assert_eq!(going(&disks, 5), (String::new(), vec![]));
        assert_eq!(going(&disks, 15), ("thin base".into(), vec![]));
        let says = vec!["only 25 B free in images (required: 110 B)".to_owned()];
        assert_eq!(going(&disks, 110), ("old thin base new".into(), says));
        // Room for one archive concerns only its own disk.
        assert_eq!(going(&disks[1..], 105), ("old".into(), vec![]));
        let says = vec!["only 120 B free (required: 130 B)".to_owned()];
        assert_eq!(going(&disks[1..], 130), ("old thin".into(), says));
    }
}
