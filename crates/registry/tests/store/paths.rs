//! Paths stay in the store.

use registry::{Holder, LEASE_TERM, LeaseTerm};

use super::*;

#[test]
fn paths_stay_in_the_store() {
    let folder = Folder::new();
    let outside = Folder::new();
    let store = folder.store();
    put(&store, "a").unwrap();
    symlink(&outside.path, folder.path.join("out")).unwrap();
    symlink("images", folder.path.join("in")).unwrap();
    symlink("images/.imgpipe", folder.path.join("own")).unwrap();
    symlink("image-registry.yml", folder.path.join("again")).unwrap();
    symlink("nowhere", folder.path.join("dangling")).unwrap();
    symlink("loop", folder.path.join("loop")).unwrap();
    for (file, rule) in [
        ("", "is empty"),
        (".", "names a folder"),
        ("images/", "names a folder"),
        ("/etc/passwd", "is absolute"),
        ("../x", "holds `..`"),
        ("images/../../x", "holds `..`"),
        ("a\0b", "holds a control character"),
        ("a\nb", "holds a control character"),
        ("images/.imgpipe/x", "imgpipe's internal folder"),
        ("./images//.imgpipe", "imgpipe's internal folder"),
        ("own/x", "imgpipe's internal folder"),
        ("in/.imgpipe/x", "imgpipe's internal folder"),
        ("image-registry.yml", "is the registry itself"),
        ("./image-registry.yml", "is the registry itself"),
        ("again", "leads to the registry itself"),
        ("out/x", "leads out"),
        ("out", "leads out"),
        ("dangling", "is a dangling symbolic link"),
        ("dangling/x", "is a dangling symbolic link"),
    ] {
        let error = store.path(file.into()).unwrap_err();
        assert!(error.to_string().contains(rule), "{file:?}: {error}");
        assert_eq!(error.code(), Code::Invalid);
        assert!(!error.to_string().contains(char::is_control), "{error}");
    }
    store.path("loop/x".into()).unwrap_err();
    for (file, relative) in [
        ("images/a.tar", "images/a.tar"),
        ("./images//a.tar", "images/a.tar"),
        ("in/a.tar", "in/a.tar"),
        ("image-registry.yml.tar", "image-registry.yml.tar"),
        ("images/.imgpipe.tar", "images/.imgpipe.tar"),
        ("..a", "..a"),
    ] {
        assert_eq!(store.path(file.into()).unwrap().as_path(), relative);
    }
}

#[test]
fn paths_for_people_open_from_where_they_are() {
    let folder = Folder::new();
    let store = folder.store();
    fs::create_dir_all(folder.path.join("sub/deep")).unwrap();
    let path = store.path("images/a.tar".into()).unwrap();
    for (from, shown) in [
        ("", "images/a.tar"),
        ("sub", "../images/a.tar"),
        ("sub/deep", "../../images/a.tar"),
    ] {
        assert_eq!(store.relative(&path, &folder.path.join(from)), shown);
    }
    let elsewhere = Folder::new();
    let shown = store.relative(&path, &elsewhere.path);
    assert_eq!(
        elsewhere
            .path
            .join(shown)
            .parent()
            .unwrap()
            .parent()
            .unwrap()
            .canonicalize_utf8()
            .unwrap(),
        folder.path
    );

    // `..` leaves a linked folder at its real path.
    symlink(folder.path.join("sub/deep"), folder.path.join("link")).unwrap();
    assert_eq!(
        store.relative(&path, &folder.path.join("link")),
        "../../images/a.tar"
    );
}

#[test]
fn imgpipes_own_folder_is_no_link_out() {
    let folder = Folder::new();
    let outside = Folder::new();
    symlink(&outside.path, folder.path.join("images")).unwrap();
    let store = folder.store();
    assert_eq!(put(&store, "a").unwrap_err().code(), Code::Invalid);
    store.create().unwrap_err();
    assert_eq!(fs::read_dir(&outside.path).unwrap().count(), 0);
}

#[test]
fn a_lock_is_no_link_to_somebodys_file() {
    let folder = Folder::new();
    let store = folder.store();
    put(&store, "a").unwrap();
    let precious = folder.path.join("precious");
    fs::write(&precious, "data").unwrap();
    let lock = folder.path.join("images/.imgpipe/registry.lock");
    fs::remove_file(&lock).unwrap();
    symlink(&precious, &lock).unwrap();
    assert_eq!(put(&store, "b").unwrap_err().code(), Code::Invalid);
    assert_eq!(fs::read_to_string(&precious).unwrap(), "data");
}

#[test]
fn nothing_of_imgpipes_own_is_written_through_a_link() {
    let folder = Folder::new();
    let store = folder.store();
    put(&store, "a").unwrap();
    let own = folder.path.join("images/.imgpipe");
    fs::create_dir_all(own.join("leases")).unwrap();
    let precious = folder.path.join("precious");
    fs::write(&precious, "data").unwrap();
    for name in [
        "reserve",
        "installing.json",
        "leases/.unfinished",
        "../../.image-registry.yml.unfinished",
    ] {
        let link = own.join(name);
        if link.exists() {
            fs::remove_file(&link).unwrap();
        }
        symlink(&precious, &link).unwrap();
    }
    let term = LeaseTerm {
        holder: Holder::Run("7".into()),
        lasts: LEASE_TERM,
        brief: false,
    };
    store.lease(&term, |_| vec!["a".into()], PATIENCE).unwrap();
    let path = store.path("images/b.tar".into()).unwrap();
    let archive = store.create().unwrap();
    store
        .install(archive, &path, PATIENCE, |_| Ok::<_, Error>(entry("b")))
        .unwrap();
    assert_eq!(store.read().unwrap().entries().len(), 2);
    assert_eq!(store.leases().unwrap().leases.len(), 1);
    assert_eq!(fs::read_to_string(&precious).unwrap(), "data");
}
