//! Properties of every store, with any chains, holds and limits.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::{collection::vec, option, sample};

use super::*;

/// Few different values, so that images are equally old, share bases and form cycles.
fn candidate() -> impl Strategy<Value = StoredImage> {
    let stamp = || option::weighted(0.8, -2..10_i64);
    let texts = (sample::select(vec!["", "p", "q"]), any::<bool>());
    let hold = option::weighted(0.15, Just(Hold::Busy));
    (texts, 0..30_u64, stamp(), stamp(), any::<bool>(), hold).prop_map(
        |((project, is_alpine), size, last_used, created, has_remote, hold)| StoredImage {
            project: project.to_owned(),
            os: if is_alpine { "alpine" } else { "debian" }.to_owned(),
            size,
            last_used: last_used.map(|days| now() - TimeDelta::days(days)),
            created: created.map(|days| now() - TimeDelta::days(days)),
            has_remote,
            holds: hold.into_iter().collect(),
            ..image("", 0)
        },
    )
}

fn store() -> impl Strategy<Value = Vec<StoredImage>> {
    let base = option::of(any::<sample::Index>());
    // Bases come earlier in the list, as in real stores, or anywhere, so cycles and unknown bases occur too.
    (vec((candidate(), base), 0..24), any::<bool>()).prop_map(|(all, sane)| {
        let count = all.len();
        let named = all.into_iter().enumerate();
        named
            .map(|(place, (candidate, base))| {
                let reach = if sane { place } else { count + 1 };
                let base = base.filter(|_| reach > 0).map(|base| base.index(reach));
                StoredImage {
                    name: format!("i{place}"),
                    base: base.map(|base| format!("i{base}")),
                    ..candidate
                }
            })
            .collect()
    })
}

fn per() -> impl Strategy<Value = Per> {
    let patterns = ["i?", "i1*"].map(|pattern| Pattern::new(pattern).unwrap());
    prop_oneof![
        Just(Per::Store),
        Just(Per::Project),
        Just(Per::Os),
        Just(Per::Patterns(patterns.to_vec())),
    ]
}

/// All four limits; the properties choose some of them.
fn all_limits() -> impl Strategy<Value = Limits> {
    (0..400_u64, 0..10_i64, 0..6_usize, per(), 0..400_u64).prop_map(
        |(max_size, days, count, per, min_free)| Limits {
            max_size: Some(max_size),
            keep_last: Some(KeepLast { count, per }),
            min_free: Some(min_free),
            ..max_age(days)
        },
    )
}

/// The limits that a mask of four bits selects.
fn some_of(limits: &Limits, mask: u8) -> Limits {
    let lacks = |bit: u8| mask & 1 << bit == 0;
    let mut limits = limits.clone();
    limits.max_size.take_if(|_| lacks(0));
    limits.max_age.take_if(|_| lacks(1));
    limits.keep_last.take_if(|_| lacks(2));
    limits.min_free.take_if(|_| lacks(3));
    limits
}

fn some_limits() -> impl Strategy<Value = Limits> {
    (all_limits(), 0..16_u8).prop_map(|(limits, mask)| some_of(&limits, mask))
}

fn indexes_going(selection: &PrunePlan) -> BTreeSet<usize> {
    selection.going.iter().map(|going| going.index).collect()
}

fn indexes_staying(selection: &PrunePlan) -> Vec<usize> {
    let staying = selection.staying.iter();
    staying.map(|staying| staying.index).collect()
}

fn freed(store: &[StoredImage], selection: &PrunePlan) -> u64 {
    let going = selection.going.iter();
    going.map(|going| store[going.index].size).sum()
}

/// A second implementation: the tests must not trust the groups that they check.
fn count_groups(store: &[StoredImage], per: &Per, images: &[usize]) -> BTreeMap<String, usize> {
    let mut groups = BTreeMap::new();
    for &index in images {
        let candidate = &store[index];
        let group = match per {
            Per::Store => String::new(),
            Per::Project => candidate.project.clone(),
            Per::Os => candidate.os.clone(),
            Per::Patterns(patterns) => {
                match patterns.iter().find(|one| one.matches(&candidate.name)) {
                    Some(pattern) => pattern.to_string(),
                    None => continue,
                }
            }
        };
        *groups.entry(group).or_default() += 1;
    }
    groups
}

/// For each limit, whether the remaining images meet it.
fn is_met(
    store: &[StoredImage],
    limits: &Limits,
    free: u64,
    selection: &PrunePlan,
) -> [(bool, usize); 4] {
    let stays = indexes_staying(selection);
    let unmet = |name: &str| {
        let all = selection.unmet.iter();
        all.filter(|unmet| unmet.limit == name).count()
    };
    let size: u64 = stays.iter().map(|&index| store[index].size).sum();
    let is_old = |age: TimeDelta| {
        let recency = |index: usize| store[index].last_used.or(store[index].created);
        let mut all = stays.iter().filter_map(|&index| recency(index));
        all.any(|stamp| now() - stamp > age)
    };
    let too_many = |keep: &KeepLast| {
        let groups = count_groups(store, &keep.per, &stays);
        groups.values().any(|count| *count > keep.count)
    };
    [
        (
            limits.max_size.is_none_or(|limit| size <= limit),
            unmet("max-size"),
        ),
        (!limits.max_age.is_some_and(is_old), unmet("max-age")),
        (
            !limits.keep_last.as_ref().is_some_and(too_many),
            unmet("keep-last"),
        ),
        (
            limits
                .min_free
                .is_none_or(|limit| free + freed(store, selection) >= limit),
            unmet("min-free"),
        ),
    ]
}

/// Whether it is held, or is the base of an image that stays.
fn cannot_go(store: &[StoredImage], selection: &PrunePlan, index: usize) -> bool {
    let stands = |&other: &usize| store[other].base.as_ref() == Some(&store[index].name);
    !store[index].holds.is_empty() || indexes_staying(selection).iter().any(stands)
}

proptest! {
    #[test]
    fn everything_goes_or_stays_with_a_cause(
        store in store(),
        limits in some_limits(),
        free in 0..300_u64,
    ) {
        let selection = select(&store, &limits, &disk(Some(free)), now());
        let going = indexes_going(&selection);
        let staying = indexes_staying(&selection);
        prop_assert_eq!(going.len(), selection.going.len());
        prop_assert!(staying.is_sorted());
        let all: BTreeSet<_> = staying.iter().copied().chain(going).collect();
        prop_assert_eq!(all.len(), selection.going.len() + staying.len());
        prop_assert_eq!(all.len(), store.len());
        prop_assert!(selection.going.iter().all(|going| !going.reasons.is_empty()));
        for image in &selection.staying {
            let is_within = image.why == [Why::WithinLimits];
            prop_assert!(!image.why.is_empty());
            prop_assert_eq!(!is_within, cannot_go(&store, &selection, image.index));
        }
    }

    #[test]
    fn limits_hold_or_are_unmet(store in store(), limits in some_limits(), free in 0..300_u64) {
        let selection = select(&store, &limits, &disk(Some(free)), now());
        for (is_met, unmet) in is_met(&store, &limits, free, &selection) {
            prop_assert_eq!(is_met, unmet == 0);
        }
        for unmet in &selection.unmet {
            prop_assert!(!unmet.held_by.is_empty() || selection.staying.is_empty());
            prop_assert!(unmet.held_by.is_sorted());
            for &index in &unmet.held_by {
                prop_assert!(cannot_go(&store, &selection, index));
            }
        }
    }

    #[test]
    fn nothing_held_goes_and_no_base_of_what_stays(
        store in store(),
        limits in some_limits(),
        free in 0..300_u64,
    ) {
        let selection = select(&store, &limits, &disk(Some(free)), now());
        for index in indexes_going(&selection) {
            prop_assert!(!cannot_go(&store, &selection, index));
        }
    }

    #[test]
    fn thin_archives_come_before_their_bases(
        store in store(),
        limits in some_limits(),
        free in 0..300_u64,
    ) {
        let selection = select(&store, &limits, &disk(Some(free)), now());
        let mut gone = BTreeSet::new();
        for going in &selection.going {
            gone.insert(store[going.index].name.as_str());
            let base = store[going.index].base.as_deref();
            prop_assert!(base.is_none_or(|base| !gone.contains(base)));
        }
    }

    #[test]
    fn one_more_limit_saves_nothing(
        store in store(),
        limits in all_limits(),
        mask in 0..16_u8,
        free in option::of(0..300_u64),
    ) {
        let going = |mask| {
            let selection = select(&store, &some_of(&limits, mask), &disk(free), now());
            indexes_going(&selection)
        };
        let fewer = going(mask);
        for bit in 0..4 {
            prop_assert!(fewer.is_subset(&going(mask | 1 << bit)));
        }
    }

    #[test]
    fn the_last_are_kept(store in store(), count in 0..6_usize, per in per()) {
        let limits = keep_last(count, per.clone());
        let selection = select(&store, &limits, &disk(None), now());
        let all: Vec<_> = (0..store.len()).collect();
        let kept = count_groups(&store, &per, &indexes_staying(&selection));
        for (group, size) in count_groups(&store, &per, &all) {
            let kept = kept.get(&group).copied().unwrap_or_default();
            prop_assert!(kept >= count.min(size), "{group}: {kept} of {size}");
        }
    }

    /// Without the last removal for room, there would be too little.
    #[test]
    fn no_more_goes_for_room_than_must(store in store(), limit in 0..400_u64, free in 0..300_u64) {
        let total: u64 = store.iter().map(|candidate| candidate.size).sum();
        for (limits, lack) in [
            (max_size(limit), total.saturating_sub(limit)),
            (min_free(limit), limit.saturating_sub(free)),
        ] {
            let selection = select(&store, &limits, &disk(Some(free)), now());
            if let Some(last) = selection.going.last() {
                let before = freed(&store, &selection) - store[last.index].size;
                prop_assert!(before < lack);
            }
        }
    }

    #[test]
    fn a_second_run_removes_nothing(
        store in store(),
        limits in some_limits(),
        free in option::of(0..300_u64),
    ) {
        let first = select(&store, &limits, &disk(free), now());
        let kept = indexes_staying(&first);
        let left: Vec<_> = kept.iter().map(|&index| store[index].clone()).collect();
        let free = free.map(|free| free + freed(&store, &first));
        let mut second = select(&left, &limits, &disk(free), now());
        prop_assert_eq!(&second.going, &[]);
        for unmet in &mut second.unmet {
            for index in &mut unmet.held_by {
                *index = kept[*index];
            }
        }
        prop_assert_eq!(second.unmet, first.unmet);
    }
}
