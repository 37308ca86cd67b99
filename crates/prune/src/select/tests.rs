mod bases;
mod phrases;
mod properties;

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use glob::Pattern;

use super::testing::{disk, held, image, leased, now};
use super::*;
use crate::{KeepLast, Per};

fn thin(name: &str, days: i64, base: &str) -> StoredImage {
    let base = Some(base.to_owned());
    StoredImage {
        base,
        ..image(name, days)
    }
}

fn of_size(size: u64, candidate: StoredImage) -> StoredImage {
    StoredImage { size, ..candidate }
}

fn max_age(days: i64) -> Limits {
    Limits {
        max_age: Some(TimeDelta::days(days)),
        ..Limits::default()
    }
}

fn max_size(bytes: u64) -> Limits {
    Limits {
        max_size: Some(bytes),
        ..Limits::default()
    }
}

fn min_free(bytes: u64) -> Limits {
    Limits {
        min_free: Some(bytes),
        ..Limits::default()
    }
}

fn keep_last(count: usize, per: Per) -> Limits {
    Limits {
        keep_last: Some(KeepLast { count, per }),
        ..Limits::default()
    }
}

/// The names of the removed images, in order.
fn names(candidates: &[StoredImage], selection: &PrunePlan) -> String {
    let going = selection.going.iter();
    let names: Vec<_> = going
        .map(|going| candidates[going.index].name.as_str())
        .collect();
    names.join(" ")
}

fn going(candidates: &[StoredImage], limits: &Limits) -> String {
    names(
        candidates,
        &select(candidates, limits, &disk(Some(0)), now()),
    )
}

fn unmet(limit: &'static str, says: &str, held_by: &[usize]) -> Unmet {
    Unmet {
        limit,
        says: says.to_owned(),
        held_by: held_by.to_vec(),
    }
}

/// Checks which images of `store` each of the limits removes.
#[track_caller]
fn check(store: &[StoredImage], table: &[(Limits, &str)]) {
    for (limits, expected) in table {
        assert_eq!(going(store, limits), *expected, "{limits:?}");
    }
}

#[test]
fn limits_by_themselves() {
    let store = [image("c", 3), image("a", 1), image("d", 4), image("b", 2)];
    check(
        &store,
        &[
            (Limits::default(), ""),
            (max_age(4), ""),
            (max_age(3), "d"),
            (max_age(0), "d c b a"),
            (max_size(40), ""),
            (max_size(39), "d"),
            (max_size(30), "d"),
            (max_size(29), "d c"),
            (max_size(0), "d c b a"),
            (min_free(0), ""),
            (min_free(1), "d"),
            (min_free(10), "d"),
            (min_free(11), "d c"),
            (min_free(100), "d c b a"),
            (keep_last(4, Per::Store), ""),
            (keep_last(3, Per::Store), "d"),
            (keep_last(1, Per::Store), "d c b"),
            (keep_last(0, Per::Store), "d c b a"),
        ],
    );
    assert_eq!(
        select(&[], &max_size(0), &disk(None), now()),
        PrunePlan::default()
    );
}

#[test]
fn limits_together_remove_what_each_removes() {
    let store = [
        of_size(100, image("large", 1)),
        image("a", 2),
        image("b", 3),
        image("c", 40),
    ];
    let limits = Limits {
        max_size: Some(125),
        keep_last: Some(KeepLast {
            count: 2,
            per: Per::Store,
        }),
        ..max_age(30)
    };
    let selection = select(&store, &limits, &disk(None), now());
    assert_eq!(names(&store, &selection), "c b");
    assert_eq!(
        selection.going[0].reasons,
        [
            "not used for 40 days",
            "not among the last 2 of the store",
            "the store exceeds 125 B",
        ]
    );
    assert_eq!(selection.going[1].reasons.len(), 1);
    assert_eq!(selection.unmet, []);
}

#[test]
fn groups_are_counted_apart() {
    let put = |project: &str, os: &str, candidate| StoredImage {
        project: project.to_owned(),
        os: os.to_owned(),
        ..candidate
    };
    let store = [
        put("web", "debian", image("web/new", 1)),
        put("web", "alpine", image("web/old", 2)),
        put("db", "debian", image("db/new", 3)),
        put("db", "alpine", image("db/old", 4)),
        put("", "", image("new", 5)),
        put("", "", image("old", 6)),
    ];
    let patterns = |all: &[&str]| {
        let all = all.iter().map(|pattern| Pattern::new(pattern).unwrap());
        Per::Patterns(all.collect())
    };
    check(
        &store,
        &[
            (keep_last(1, Per::Project), "old db/old web/old"),
            (keep_last(1, Per::Os), "old db/old db/new"),
            (keep_last(1, patterns(&["web/*"])), "web/old"),
            (keep_last(0, patterns(&["web/*"])), "web/old web/new"),
            (
                keep_last(1, patterns(&["*/old", "*"])),
                "old new db/old db/new",
            ),
            (keep_last(1, patterns(&["old", "none"])), ""),
            (keep_last(0, patterns(&[])), ""),
        ],
    );
}

#[test]
fn equally_recent() {
    let with_remote = |candidate| StoredImage {
        has_remote: true,
        ..candidate
    };
    let store = [
        image("b", 1),
        image("a", 1),
        of_size(20, image("large", 1)),
        with_remote(of_size(5, image("remote", 1))),
        with_remote(image("newer", 0)),
        image("older", 2),
    ];
    assert_eq!(going(&store, &max_size(0)), "older remote large a b newer");
    assert_eq!(
        going(&store, &keep_last(2, Per::Store)),
        "older remote large a"
    );
}

#[test]
fn stamps() {
    let stamped = |name, last_used: Option<i64>, created: Option<i64>| {
        let stamp = |days| now() - TimeDelta::days(days);
        StoredImage {
            last_used: last_used.map(stamp),
            created: created.map(stamp),
            ..image(name, 0)
        }
    };
    let store = [
        stamped("future", Some(-9), None),
        stamped("further", Some(-99), None),
        stamped("neither", None, None),
        stamped("made", None, Some(5)),
        stamped("used", Some(3), Some(50)),
    ];
    check(
        &store,
        &[
            (max_age(0), "made used"),
            (max_age(3), "made"),
            (max_age(5), ""),
            (max_size(0), "neither made used future further"),
            (keep_last(1, Per::Store), "neither made used future"),
        ],
    );
    let future = &store[..1];
    assert_eq!(going(future, &max_age(0)), "");
    assert_eq!(future[0].age(now()), Some(TimeDelta::zero()));
}

#[test]
fn held_images_count_among_the_last() {
    let store = [leased(image("old", 9)), image("a", 1), image("b", 2)];
    let selection = select(&store, &keep_last(1, Per::Store), &disk(None), now());
    assert_eq!(names(&store, &selection), "b");
    let unmet = unmet("keep-last", "kept 2 images of the store (limit: 1)", &[0]);
    assert_eq!(selection.unmet, [unmet]);
    // Another limit makes the room that this one cannot make.
    let limits = Limits {
        max_size: Some(10),
        ..keep_last(1, Per::Store)
    };
    let selection = select(&store, &limits, &disk(None), now());
    assert_eq!(names(&store, &selection), "b a");
    assert_eq!(selection.unmet, []);
}

#[test]
fn free_space() {
    let store = [held(image("held", 9)), image("a", 1)];
    let missed = |free| {
        let selection = select(&store, &min_free(100), &disk(free), now());
        (selection.going.len(), selection.unmet)
    };
    let unmet = |says, held_by| vec![unmet("min-free", says, held_by)];
    let unknown = "cannot tell if 100 B are free";
    assert_eq!(missed(None), (0, unmet(unknown, &[])));
    let little = "only 10 B free (required: 100 B)";
    assert_eq!(missed(Some(0)), (1, unmet(little, &[0])));
    assert_eq!(missed(Some(90)), (1, vec![]));
    assert_eq!(missed(Some(100)), (0, vec![]));
}

#[test]
fn sizes_beyond_all_sums() {
    let store = [
        of_size(u64::MAX, image("a", 3)),
        of_size(u64::MAX, image("b", 2)),
        image("c", 1),
    ];
    check(
        &store,
        &[
            (max_size(u64::MAX), "a b"),
            (max_size(10), "a b"),
            (min_free(u64::MAX), "a"),
        ],
    );
    let pinned = store.map(held);
    let selection = select(&pinned, &max_size(1), &disk(None), now());
    let largest = ui::size(u64::MAX);
    assert_eq!(
        selection.unmet[0].says,
        format!("the store still has {largest} (limit: 1 B)")
    );
}

/// The bound is generous: it detects a quadratic step, and measures nothing.
#[test]
fn ten_thousand_images() {
    let store: Vec<_> = (0..10_000_u32)
        .map(|number| StoredImage {
            project: format!("project {}", number % 100),
            base: (number % 3 != 0).then(|| format!("image {}", number / 3)),
            holds: if number % 97 == 0 {
                vec![Hold::Busy]
            } else {
                Vec::new()
            },
            ..image(&format!("image {number}"), i64::from(number * 7919 % 1000))
        })
        .collect();
    let limits = Limits {
        max_size: Some(50_000),
        keep_last: Some(KeepLast {
            count: 50,
            per: Per::Project,
        }),
        min_free: Some(60_000),
        ..max_age(500)
    };
    let start = Instant::now();
    let selection = select(&store, &limits, &disk(Some(0)), now());
    assert!(start.elapsed() < Duration::from_secs(1));
    assert!(selection.going.len() > 1000 && selection.staying.len() > 1000);
}
