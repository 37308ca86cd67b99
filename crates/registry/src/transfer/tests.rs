use std::fs::File;

use super::*;
use crate::OrphanKind;

const NOW: Duration = Duration::ZERO;

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().expect("a folder");
    let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).expect("UTF-8");
    (folder, Store::locate(&root, None))
}

fn age(path: &Utf8Path, age: Duration) {
    let folder = File::open(path).expect("the folder");
    let time = SystemTime::now() - age;
    folder.set_modified(time).expect("the time is set");
}

#[test]
fn what_an_attempt_left_is_there_for_the_next() {
    let (_folder, store) = store();
    let transfer = store.transfer("one", NOW).expect("a folder");
    fs::write(transfer.path().join("blob"), "12345").expect("a blob");
    let refused = store
        .transfer("one", NOW)
        .expect_err("somebody works in it");
    assert!(matches!(refused, Error::LockTimeout { .. }), "{refused}");
    assert_eq!(abandoned(store.root()), []);
    drop(transfer);
    let transfer = store.transfer("one", NOW).expect("a folder");
    assert!(transfer.path().join("blob").exists());
    let path = transfer.path().to_owned();
    transfer.finish().expect("removed");
    assert!(!path.exists());
    let locks = store.root().join("images/.imgpipe/locks");
    assert_eq!(locks.read_dir_utf8().expect("a folder").count(), 0);
}

#[test]
fn what_nobody_goes_on_with_is_removed() {
    let (_folder, store) = store();
    let held = store.transfer("held", NOW).expect("a folder");
    for name in ["old", "new"] {
        let transfer = store.transfer(name, NOW).expect("a folder");
        fs::create_dir(transfer.path().join("blobs")).expect("a folder");
        fs::write(transfer.path().join("blobs/x"), "12345").expect("a blob");
    }
    let folder = held.path().parent().expect("a parent").to_owned();
    let registry = store.read_or_empty().expect("none");
    let mut orphans = store.orphans(&registry).expect("strays");
    orphans.sort_by(|a, b| a.path.cmp(&b.path));
    let found: Vec<_> = orphans
        .iter()
        .map(|orphan| (orphan.path.file_name(), orphan.bytes, orphan.kind))
        .collect();
    let expected = ["new", "old"].map(|name| (Some(name), 5, OrphanKind::Transfer));
    assert_eq!(found, expected);
    for name in ["old", "held"] {
        age(&folder.join(name), 2 * KEPT);
    }
    drop(store.transfer("other", NOW).expect("a folder"));
    let left = ["old", "held", "new"].map(|name| folder.join(name).exists());
    assert_eq!(left, [false, true, true]);
    store.remove_unfinished(&orphans[0]).expect("removed");
    assert!(!folder.join("new").exists());
    remove_abandoned(store.root(), held.path()).expect("passed over");
    store.forget_transfer("held");
    assert!(held.path().exists());
    store.forget_transfer("none");
    store.forget_transfer("other");
    assert!(!folder.join("other").exists());
}

#[test]
fn whoever_waits_for_a_lock_that_goes_gets_the_next() {
    let (_folder, store) = store();
    let first = store.transfer("one", NOW).expect("a folder");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            store
                .transfer("one", Duration::from_secs(60))
                .expect("a folder")
        });
        std::thread::sleep(Duration::from_millis(100));
        first.finish().expect("removed");
        let second = waiting.join().expect("a folder");
        assert!(second.path().exists());
        assert!(store.transfer("one", NOW).is_err(), "it is held");
    });
}
