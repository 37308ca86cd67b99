use std::os::unix::fs::symlink;

use super::*;

#[test]
fn only_archives_that_nobody_names_are_strays() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = Utf8Path::from_path(folder.path()).expect("UTF-8");
    let store = Store::locate(root, None);
    assert_eq!(
        store
            .strays(&store.read_or_empty().expect("none"))
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
        "images/.imgpipe/unfinished/1-0-0.tar",
        "elsewhere/far.tar",
    ] {
        fs::write(root.join(path), "text").expect("files");
    }
    symlink(root.join("elsewhere"), root.join("images/link")).expect("a link");
    symlink(root.join("elsewhere/far.tar"), root.join("images/link.tar")).expect("a link");
    let text = "images:\n- {name: n, file: images/./a/named.tar, docker_tag: n, os: 'debian:12', architecture: x86_64}\n";
    fs::write(store.file(), text).expect("a registry");
    let strays = store.strays(&store.read().expect("read")).expect("strays");
    let found: Vec<_> = strays.iter().map(|stray| stray.path.as_str()).collect();
    assert_eq!(
        found,
        [
            "images/a/lost.tar",
            "images/lost.tar.zst",
            "images/.imgpipe/unfinished/1-0-0.tar"
        ]
    );
    let timeout = std::time::Duration::from_secs(10);
    let path = store.stray_path(&strays[0]).expect("inside");
    assert_eq!(
        store.remove_stray(&path, timeout).expect("removed"),
        Some(4)
    );
    let named = store
        .path(Utf8Path::new("images/a/named.tar"))
        .expect("inside");
    assert_eq!(store.remove_stray(&named, timeout).expect("stays"), None);
    store.remove_unfinished(&strays[2]).expect("removed");
    assert_eq!(
        store
            .strays(&store.read().expect("read"))
            .expect("strays")
            .len(),
        1
    );
    assert!(root.join("elsewhere/far.tar").exists());
}

#[test]
fn there_is_some_room() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = Utf8Path::from_path(folder.path()).expect("UTF-8");
    let store = Store::locate(&root.join("not/yet"), None);
    assert!(store.free().expect("room") > 0);
}
