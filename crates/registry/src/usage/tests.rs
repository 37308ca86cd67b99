use std::fs;

use camino::{Utf8Path, Utf8PathBuf};

use super::*;
use crate::Registry;

const TEXT: &str = "images:
- {name: a, file: a.tar, docker_tag: a, os: 'debian:12', architecture: x86_64, usage_count: 2, last_used: 2026-01-05T00:00:00Z}
- {name: b, file: b.tar, docker_tag: b, os: 'debian:12', architecture: x86_64}
";
const TIMEOUT: Duration = Duration::from_secs(10);

fn store(usage: Usage) -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().expect("a folder");
    let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).expect("UTF-8");
    fs::write(root.join("image-registry.yml"), TEXT).expect("a registry");
    (folder, Store::locate(&root, None).with_usage(usage))
}

fn day(day: u32) -> DateTime<Utc> {
    format!("2026-01-{day:02}T00:00:00Z")
        .parse()
        .expect("a time")
}

fn uses(store: &Store) -> Vec<(String, u64, Option<DateTime<Utc>>)> {
    let registry = store.read().expect("a registry");
    let entries = registry.entries().iter();
    entries
        .map(|entry| (entry.name.clone(), entry.usage_count, entry.last_used))
        .collect()
}

/// By the clock of a host that is a little behind.
fn just_before(time: DateTime<Utc>) -> DateTime<Utc> {
    time - CLOCK_SKEW
}

#[test]
fn a_use_while_the_clock_was_ahead_is_put_right_by_the_next() {
    for usage in [Usage::Registry, Usage::Local] {
        let (folder, store) = store(usage);
        let text = TEXT.replace("2026-01-05", "2999-01-05");
        fs::write(folder.path().join("image-registry.yml"), text).expect("a registry");
        // As the registry writes it.
        let now = DateTime::from_timestamp(Utc::now().timestamp(), 0).expect("a time");
        store.count_use(&["a"], now, TIMEOUT).expect("counted");
        assert_eq!(uses(&store)[0].2, Some(now), "{usage:?}");
    }
}

#[test]
fn both_ways_count_the_same() {
    for usage in [Usage::Registry, Usage::Local] {
        let (_folder, store) = store(usage);
        store
            .count_use(&["a", "b", "a", "gone"], just_before(day(5)), TIMEOUT)
            .expect("counted");
        store.count_use(&["b"], day(6), TIMEOUT).expect("counted");
        let expected = [
            ("a".to_owned(), 4, Some(day(5))),
            ("b".to_owned(), 2, Some(day(6))),
        ];
        assert_eq!(uses(&store), expected, "{usage:?}");
    }
}

#[test]
fn what_is_counted_locally_leaves_the_registry_alone() {
    let (folder, store) = store(Usage::Local);
    store
        .count_use(&["a", "b"], day(7), TIMEOUT)
        .expect("counted");
    let path = Utf8Path::from_path(folder.path()).expect("UTF-8");
    assert_eq!(
        fs::read_to_string(path.join("image-registry.yml")).expect("text"),
        TEXT
    );
    // Other changes of the registry stay separate.
    let remove = |_: &Registry| Ok::<_, Error>((vec![Edit::Remove("b".into())], ()));
    store.update(TIMEOUT, remove).expect("removed");
    let pin = |registry: &Registry| {
        let mut entry = registry.get("a").expect("an entry").clone();
        entry.pinned = true;
        Ok::<_, Error>((vec![Edit::Put(entry)], ()))
    };
    store.update(TIMEOUT, pin).expect("pinned");
    let text = fs::read_to_string(path.join("image-registry.yml")).expect("text");
    for said in [
        "usage_count: 2,",
        "last_used: 2026-01-05T00:00:00Z",
        "pinned: true",
    ] {
        assert!(text.contains(said), "{text}");
    }
    store.count_use(&["a"], day(8), TIMEOUT).expect("counted");
    assert_eq!(uses(&store), [("a".to_owned(), 4, Some(day(8)))]);
    let counted = fs::read_to_string(path.join("images/.imgpipe/usage.json")).expect("text");
    assert!(!counted.contains("\"b\""), "{counted}");
}

#[test]
fn a_damaged_count_is_begun_anew() {
    let (folder, store) = store(Usage::Local);
    store.count_use(&["a"], day(7), TIMEOUT).expect("counted");
    let path = folder.path().join("images/.imgpipe/usage.json");
    fs::write(&path, "{half").expect("damaged");
    assert_eq!(uses(&store)[0].1, 2);
    store.count_use(&["a"], day(7), TIMEOUT).expect("counted");
    assert_eq!(uses(&store)[0].1, 3);
}
