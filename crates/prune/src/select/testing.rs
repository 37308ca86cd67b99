//! Small stores for tests, and checks of a single limit.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Disk, Hold, Order, StoreView, StoredImage};
use crate::limits::{Limits, Rule};

pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_750_000_000, 0).unwrap()
}

/// An image of 10 bytes that was last used so many days ago.
pub(crate) fn image(name: &str, days: i64) -> StoredImage {
    StoredImage {
        name: name.to_owned(),
        project: String::new(),
        os: String::new(),
        size: 10,
        disk: 0,
        last_used: Some(now() - TimeDelta::days(days)),
        created: None,
        base: None,
        has_remote: false,
        holds: Vec::new(),
    }
}

/// The disk of these images.
pub(crate) fn disk(free: Option<u64>) -> [Disk; 1] {
    let folder = "images".to_owned();
    [Disk {
        id: 0,
        folder,
        free,
    }]
}

pub(crate) fn held(candidate: StoredImage) -> StoredImage {
    let holds = vec![Hold::Pinned];
    StoredImage { holds, ..candidate }
}

/// Leased by a run.
pub(crate) fn leased(candidate: StoredImage) -> StoredImage {
    let by = "run 1".to_owned();
    let holds = vec![Hold::Leased { by }];
    StoredImage { holds, ..candidate }
}

/// Calls `see` with the limits' view of the store, with 5 bytes free on its disk.
fn seen<T>(candidates: &[StoredImage], see: impl FnOnce(&StoreView<'_>) -> T) -> T {
    let order = Order::new(candidates);
    see(&StoreView {
        candidates,
        order: &order,
        exempt: order.with_bases(|index| candidates[index].is_kept()),
        disks: &disk(Some(5)),
        now: now(),
    })
}

/// Checks which images a limit wants to remove and why, in order, with 5 bytes free.
#[track_caller]
pub(crate) fn check(
    rule: &Rule,
    limits: &Limits,
    store: &[StoredImage],
    expected: &[(&str, &str)],
) {
    let wanted = seen(store, |view| (rule.wants)(limits, view));
    let wanted: Vec<_> = wanted
        .iter()
        .map(|(index, reason)| (store[*index].name.as_str(), reason.as_str()))
        .collect();
    assert_eq!(wanted, expected);
    let none = seen(store, |view| (rule.wants)(&Limits::default(), view));
    assert_eq!(none, [], "it wants something gone without being in force");
}

/// Checks the message of a limit if these images stay, and the images that it blames.
#[track_caller]
pub(crate) fn exceeded(
    rule: &Rule,
    limits: &Limits,
    store: &[StoredImage],
    staying: &[usize],
    expected: &[(&str, &[usize])],
) {
    let stays: Vec<_> = (0..store.len()).map(|i| staying.contains(&i)).collect();
    let exceeded = seen(store, |view| (rule.exceeded)(limits, view, &stays));
    let exceeded: Vec<_> = exceeded
        .iter()
        .map(|(says, held_by)| (says.as_str(), held_by.as_slice()))
        .collect();
    assert_eq!(exceeded, expected);
    let none = seen(store, |view| {
        (rule.exceeded)(&Limits::default(), view, &stays)
    });
    assert_eq!(none, [], "it is exceeded without being in force");
}
