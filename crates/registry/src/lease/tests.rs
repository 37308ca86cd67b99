use failure::Reported as _;
use std::fs;

use super::*;

const TIMEOUT: Duration = Duration::from_secs(10);

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().expect("a folder");
    let root = Utf8Path::from_path(folder.path())
        .expect("UTF-8")
        .to_owned();
    (folder, Store::locate(&root, None))
}

fn run(id: &str) -> LeaseTerm {
    LeaseTerm {
        holder: Holder::Run(id.into()),
        lasts: LEASE_TERM,
        brief: false,
    }
}

/// Finds these images in any registry.
fn named(images: &[&str]) -> impl FnOnce(&Registry) -> Vec<String> {
    |_| images.iter().map(ToString::to_string).collect()
}

#[test]
fn a_lease_is_there_until_it_is_ended() {
    let (_folder, store) = store();
    assert_eq!(store.leases().expect("none").leases, []);
    assert_eq!(store.end_leases(TIMEOUT, |_| true).expect("none"), []);
    store
        .lease(&run("1"), named(&["b", "a"]), TIMEOUT)
        .expect("leased");
    store
        .lease(&run("1"), named(&["a"]), TIMEOUT)
        .expect("renewed");
    store
        .lease(&run("2"), named(&["a"]), TIMEOUT)
        .expect("leased");
    let images = |leases: &[Lease]| -> Vec<String> {
        leases.iter().map(|lease| lease.image.clone()).collect()
    };
    let leases = store.leases().expect("leases").leases;
    assert_eq!(images(&leases), ["a", "a", "b"]);
    let one = |lease: &Lease| lease.holder == Holder::Run("1".into());
    let ended = store.end_leases(TIMEOUT, one).expect("ended");
    assert_eq!(ended.len(), 2);
    assert_eq!(images(&store.leases().expect("leases").leases), ["a"]);
}

#[test]
fn time_ends_what_cannot_be_seen() {
    let now = Utc::now();
    let hours = |hours| now + TimeDelta::hours(hours);
    let lease = |holder: Holder, brief| Lease {
        image: "a".into(),
        holder,
        since: now,
        term: LEASE_TERM.as_secs(),
        brief,
    };
    let by_id = lease(Holder::Run("1".into()), false);
    assert!(by_id.is_live(hours(5), None));
    assert!(!by_id.is_live(hours(6), None));
    assert!(!by_id.is_live(hours(2), Some(Duration::from_secs(3600))));
    assert!(by_id.is_live(hours(-100), None), "the clock went back");
    let own = Holder::process(std::process::id()).expect("this process");
    assert!(lease(own.clone(), false).is_live(hours(1000), None));
    assert!(!lease(own, true).is_live(hours(7), None));
}

#[test]
fn a_brief_lease_does_not_shorten_a_long_one() {
    let (_folder, store) = store();
    let brief = LeaseTerm {
        brief: true,
        ..run("1")
    };
    store.lease(&brief, named(&["a"]), TIMEOUT).expect("leased");
    assert!(store.leases().expect("leases").leases[0].brief);
    store
        .lease(&run("1"), named(&["a"]), TIMEOUT)
        .expect("leased");
    store.lease(&brief, named(&["a"]), TIMEOUT).expect("leased");
    assert!(!store.leases().expect("leases").leases[0].brief);
}

#[test]
fn leases_of_the_dead_do_not_pile_up() {
    let (_folder, store) = store();
    let mut child = std::process::Command::new("true").spawn().expect("true");
    let holder = Holder::process(child.id());
    child.wait().expect("waited");
    // If the holder ended before it was seen, it has nothing to hold.
    if let Some(holder) = holder {
        let term = LeaseTerm { holder, ..run("1") };
        store.lease(&term, named(&["a"]), TIMEOUT).expect("leased");
    }
    store
        .lease(&run("1"), named(&["b"]), TIMEOUT)
        .expect("leased");
    assert_eq!(store.leases().expect("leases").leases.len(), 1);
}

#[test]
fn what_can_not_be_read_may_hold_anything() {
    let (_folder, store) = store();
    store
        .lease(&run("1"), named(&["a"]), TIMEOUT)
        .expect("leased");
    let folder = store.root().join(work::FOLDER).join(FOLDER);
    let path = folder.join("x.json");
    fs::write(&path, "").expect("written");
    let found = store.leases().expect("leases");
    assert_eq!((found.leases.len(), found.unreadable.len()), (1, 0));
    for text in ["{", "{}", "[]", "text", "\u{0}"] {
        fs::write(&path, text).expect("written");
        let found = store.leases().expect("leases");
        assert_eq!((found.leases.len(), found.unreadable.len()), (1, 1));
        let said = found.unreadable[0].to_string();
        assert!(said.contains("x.json: cannot read this lease: "), "{said}");
        assert!(found.unreadable[0].hint().is_some());
    }
    fs::create_dir(folder.join("y.json")).expect("a folder");
    assert_eq!(store.leases().expect("leases").unreadable.len(), 2);
    // It stays, and blocks no command.
    store
        .lease(&run("2"), named(&["b"]), TIMEOUT)
        .expect("leased");
    assert_eq!(store.end_leases(TIMEOUT, |_| true).expect("ended").len(), 2);
    assert!(path.exists());
}
