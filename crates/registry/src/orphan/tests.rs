use std::os::unix::fs::symlink;

use super::*;

#[test]
fn only_archives_that_nobody_names_are_orphans() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = Utf8Path::from_path(folder.path()).expect("UTF-8");
    let store = Store::locate(root, None);
    assert_eq!(
        store
            .orphans(&store.read_or_empty().expect("none"))
            .expect("none"),
        []
    );
    for path in ["images/a", "images/.imgpipe/unfinished", "elsewhere"] {
        fs::create_dir_all(root.join(path)).expect("folders");
    }
    for path in [
        "images/a/named.tar",
        "images/a/lost.tar",
        "images/lost.tar.zst",
        "images/Dockerfile.x",
        "images/.imgpipe/unfinished/1-0-0000000a.tar",
        "elsewhere/far.tar",
    ] {
        fs::write(root.join(path), "text").expect("files");
    }
    symlink(root.join("elsewhere"), root.join("images/link")).expect("a link");
    symlink(root.join("elsewhere/far.tar"), root.join("images/link.tar")).expect("a link");
    let text = "images:\n- {name: n, file: images/./a/named.tar, docker_tag: n, os: 'debian:12', architecture: x86_64}\n";
    fs::write(store.file(), text).expect("a registry");
    let orphans = store.orphans(&store.read().expect("read")).expect("strays");
    let found: Vec<_> = orphans.iter().map(|orphan| orphan.path.as_str()).collect();
    assert_eq!(
        found,
        [
            "images/a/lost.tar",
            "images/lost.tar.zst",
            "images/.imgpipe/unfinished/1-0-0000000a.tar"
        ]
    );
    let timeout = Duration::from_secs(10);
    let path = store.orphan_path(&orphans[0]).expect("inside");
    assert_eq!(
        store.remove_orphan(&path, timeout).expect("removed"),
        Some(4)
    );
    let named = store
        .path(Utf8Path::new("images/a/named.tar"))
        .expect("inside");
    assert_eq!(store.remove_orphan(&named, timeout).expect("stays"), None);
    store.remove_unfinished(&orphans[2]).expect("removed");
    assert_eq!(
        store
            .orphans(&store.read().expect("read"))
            .expect("strays")
            .len(),
        1
    );
    assert!(root.join("elsewhere/far.tar").exists());
}

#[test]
fn unfinished_files_are_found_wherever_they_may_be() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = Utf8Path::from_path(folder.path()).expect("UTF-8");
    let data = root.join("data/.imgpipe/unfinished");
    fs::create_dir_all(&data).expect("folders");
    symlink("data", root.join("images")).expect("a link");
    let beside = root.join(".imgpipe/unfinished");
    fs::create_dir_all(&beside).expect("folders");
    for folder in [&data, &beside] {
        fs::write(folder.join("1-0-0000000a.tar"), "half").expect("a file");
    }
    let store = Store::locate(root, None);
    let orphans = store.orphans(&store.read_or_empty().expect("none"));
    let orphans = orphans.expect("strays");
    let mut found: Vec<_> = orphans.iter().map(|orphan| orphan.path.as_str()).collect();
    found.sort_unstable();
    let expected = [
        ".imgpipe/unfinished/1-0-0000000a.tar",
        "images/.imgpipe/unfinished/1-0-0000000a.tar",
    ];
    assert_eq!(found, expected);
    for orphan in &orphans {
        store.remove_unfinished(orphan).expect("removed");
    }
    assert_eq!(fs::read_dir(&data).expect("a folder").count(), 0);
    assert_eq!(fs::read_dir(&beside).expect("a folder").count(), 0);
}

#[test]
fn there_is_some_room() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = Utf8Path::from_path(folder.path()).expect("UTF-8");
    let store = Store::locate(&root.join("not/yet"), None);
    assert!(store.disk(None).expect("room").free > 0);
}

#[test]
fn an_unfinished_file_of_somebody_else_is_left_alone_for_an_hour() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = Utf8Path::from_path(folder.path()).expect("UTF-8");
    let store = Store::locate(root, None);
    let unfinished = root.join("images/.imgpipe/unfinished");
    fs::create_dir_all(&unfinished).expect("folders");
    for (name, minutes) in [
        ("1-0-0000000a.tar", 0),
        ("new.tar", 59),
        ("1-0-a.tar", 0),
        ("old.tar", 61),
    ] {
        let path = unfinished.join(name);
        let file = fs::File::create(&path).expect("a file");
        let age = Duration::from_secs(minutes * 60);
        file.set_modified(SystemTime::now() - age).expect("a time");
    }
    let registry = store.read_or_empty().expect("none");
    let orphans = store.orphans(&registry).expect("strays");
    let mut found: Vec<_> = orphans
        .iter()
        .filter_map(|it| it.path.file_name())
        .collect();
    found.sort_unstable();
    assert_eq!(found, ["1-0-0000000a.tar", "old.tar"]);
}
