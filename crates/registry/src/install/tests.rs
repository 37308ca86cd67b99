use camino::Utf8Path;
use failure::Reported as _;

use super::*;

const TIMEOUT: Duration = Duration::from_secs(10);

fn entry(text: &str) -> Entry {
    let mut entry = Entry::new(
        "a",
        "images/a.tar",
        "a".parse().expect("a tag"),
        "debian:12",
        "x86_64",
    );
    entry.packages = vec![text.to_owned()];
    entry
}

fn archive(store: &Store, text: &str) -> Unfinished {
    let mut archive = store.create().expect("created");
    archive.write_all(text.as_bytes()).expect("written");
    archive
}

fn store() -> (tempfile::TempDir, Store, StorePath) {
    let folder = tempfile::tempdir().expect("a folder");
    let root = Utf8Path::from_path(folder.path())
        .expect("UTF-8")
        .to_owned();
    let store = Store::locate(&root, None);
    let path = store.path(Utf8Path::new("images/a.tar")).expect("inside");
    let old = archive(&store, "old");
    let decide = |_: &Registry| Ok::<_, Error>(entry("old"));
    store
        .install(old, &path, TIMEOUT, decide)
        .expect("installed");
    (folder, store, path)
}

fn state(store: &Store) -> (String, String) {
    let archive = fs::read_to_string(store.root().join("images/a.tar")).expect("an archive");
    let registry = store.read().expect("a registry");
    (archive, registry.entries()[0].packages[0].clone())
}

#[test]
fn archive_and_entry_change_together() {
    let (_folder, store, path) = store();
    assert_eq!(state(&store), ("old".into(), "old".into()));
    let new = archive(&store, "new");
    let decide = |_: &Registry| Ok::<_, Error>(entry("new"));
    store
        .install(new, &path, TIMEOUT, decide)
        .expect("installed");
    assert_eq!(state(&store), ("new".into(), "new".into()));
    let next = archive(&store, "next");
    let decide = |_: &Registry| Err::<Entry, _>(Error::Contended { path: "x".into() });
    store
        .install(next, &path, TIMEOUT, decide)
        .expect_err("refused");
    assert_eq!(state(&store), ("new".into(), "new".into()));
    assert!(!store.note_path().exists());
}

#[test]
fn what_was_begun_is_finished_by_the_next() {
    let (_folder, store, path) = store();
    // As if killed before the archive was moved.
    let new = archive(&store, "new");
    let alone = "images:\n- {name: a, file: images/a.tar, docker_tag: a, os: 'debian:12', architecture: x86_64, packages: [new]}\n";
    store.note(new.file(), alone).expect("noted");
    assert_eq!(state(&store), ("old".into(), "old".into()));
    assert!(!store.note_path().exists());
    // As if killed between archive and entry.
    store.note(new.file(), alone).expect("noted");
    new.commit(&path).expect("moved");
    assert_eq!(state(&store), ("new".into(), "new".into()));
    assert!(!store.note_path().exists());
    // As if killed while the note was written.
    fs::write(store.note_path(), "{\"device\":").expect("written");
    assert_eq!(state(&store), ("new".into(), "new".into()));
    assert!(!store.note_path().exists());
}

#[test]
fn a_registry_that_cannot_be_written_keeps_its_archive() {
    let (_folder, store, path) = store();
    // A folder blocks the path of the new text.
    fs::create_dir(store.root().join(".image-registry.yml.unfinished")).expect("a folder");
    let new = archive(&store, "new");
    let decide = |_: &Registry| Ok::<_, Error>(entry("new"));
    store
        .install(new, &path, TIMEOUT, decide)
        .expect_err("in the way");
    assert_eq!(state(&store), ("old".into(), "old".into()));
}

#[test]
fn a_note_that_finds_no_room_is_the_end_of_it() {
    let (_folder, store, _path) = store();
    let _lock = store.lock_registry(TIMEOUT).expect("locked");
    store.keep_reserve(0);
    let mut begun = 0;
    let failed = store.edit_locked(
        |_| Ok::<_, Error>((vec![Edit::Put(entry("new"))], ())),
        || {
            begun += 1;
            let full = std::io::ErrorKind::StorageFull;
            Err(Error::io("write", &store.note_path())(full.into()))
        },
    );
    let kind = failed.expect_err("no room").code();
    assert_eq!((kind, begun), (failure::Code::Room, 1));
    assert_eq!(state(&store), ("old".into(), "old".into()));
}

#[test]
fn what_failed_halfway_is_taken_back() {
    let (_folder, store, path) = store();
    // The registry's new text is written, but a folder blocks its final path.
    let decide = |_: &Registry| Ok::<_, Error>(entry("new"));
    let file = store.file().to_owned();
    let aside = file.with_extension("aside");
    let moved = std::cell::Cell::new(false);
    let (new, timeout) = (archive(&store, "new"), TIMEOUT);
    let before = fs::metadata(store.root().join("images/a.tar")).expect("an archive");
    let lock = store.lock_registry(timeout).expect("locked");
    let mut replaced = None;
    let failed = store.edit_locked(
        |registry| decide(registry).map(|entry| (vec![Edit::Put(entry)], ())),
        || {
            store.note(new.file(), "")?;
            replaced = Replaced::keep(&store, &path);
            new.commit(&path)?;
            fs::rename(&file, &aside).expect("moved");
            fs::create_dir(&file).expect("made");
            moved.set(true);
            Ok(())
        },
    );
    assert!(failed.is_err() && moved.get());
    fs::remove_dir(&file).expect("removed");
    fs::rename(&aside, &file).expect("moved");
    let replaced = replaced.expect("the old archive is kept");
    store
        .take_back(&entry("new"), &path, replaced)
        .expect("taken back");
    drop(lock);
    assert_eq!(state(&store), ("old".into(), "old".into()));
    let after = fs::metadata(store.root().join("images/a.tar")).expect("an archive");
    assert_eq!(after.ino(), before.ino());
    assert!(!store.note_path().exists());
    let left = fs::read_dir(store.root().join("images/.imgpipe/unfinished")).expect("a folder");
    assert_eq!(left.count(), 0);
}

#[test]
fn what_was_not_replaced_yet_stays_when_it_is_taken_back() {
    let (_folder, store, path) = store();
    let replaced = Replaced::keep(&store, &path).expect("kept");
    store
        .take_back(&entry("new"), &path, replaced)
        .expect("nothing to do");
    assert_eq!(state(&store), ("old".into(), "old".into()));
    let left = fs::read_dir(store.root().join("images/.imgpipe/unfinished")).expect("a folder");
    assert_eq!(left.count(), 0);
}
