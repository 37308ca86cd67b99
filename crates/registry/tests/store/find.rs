//! Finding the store's folder.

use super::*;

#[test]
fn the_nearest_registry_upward_is_found() {
    let folder = Folder::new();
    let below = folder.path.join("a/b");
    fs::create_dir_all(&below).unwrap();
    let store = Store::locate(&below, None);
    assert_eq!(store.file(), below.join("image-registry.yml"));
    assert!(!store.exists());
    assert!(matches!(store.read(), Err(Error::NoRegistry { .. })));

    fs::write(folder.path.join("image-registry.yml"), "").unwrap();
    let store = Store::locate(&below, None);
    assert_eq!(store.root(), folder.path);
    assert!(store.read().unwrap().entries().is_empty());

    let named = Store::locate(&below, Some("../other.yml".into()));
    assert_eq!(named.file(), below.join("../other.yml"));
}

#[test]
fn two_ways_to_one_registry_are_one_store() {
    let (real, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let [real, other] = [real.path(), other.path()].map(|path| Utf8Path::from_path(path).unwrap());
    let link = other.join("image-registry.yml");
    // Whether the registry exists or not.
    symlink(real.join("image-registry.yml"), &link).unwrap();
    for _ in 0..2 {
        let store = Store::locate(other, None);
        assert_eq!(
            (store.root(), store.file()),
            (real, &*real.join("image-registry.yml"))
        );
        fs::write(store.file(), "version: 1.0\n").unwrap();
    }
    symlink(&link, real.join("images.yml")).unwrap();
    let store = Store::locate(other, Some(&real.join("images.yml")));
    assert_eq!(store.root(), real);
}

#[test]
fn an_archive_is_found_by_any_way_to_it() {
    let folder = Folder::new();
    let store = folder.store();
    put(&store, "a").unwrap();
    put(&store, "b").unwrap();
    fs::write(folder.path.join("images/a.tar"), "").unwrap();
    symlink("images", folder.path.join("in")).unwrap();
    symlink("images/a.tar", folder.path.join("direct")).unwrap();
    let registry = store.read().unwrap();
    let found = |path: &str| {
        store
            .find(&registry, &folder.path.join(path))
            .map(|entry| entry.name.as_str())
    };
    assert_eq!(found("images/a.tar"), Some("a"));
    assert_eq!(found("in/../images/./a.tar"), Some("a"));
    assert_eq!(found("direct"), Some("a"));
    assert_eq!(found("in/b.tar"), Some("b"), "not there yet");
    assert_eq!(found("images/c.tar"), None);
    assert_eq!(found("nowhere/b.tar"), None);
    // As in a clone that has only the registry.
    fs::remove_dir_all(folder.path.join("images")).unwrap();
    assert_eq!(found("images/b.tar"), Some("b"), "nor is its folder");
    assert_eq!(found("images/c.tar"), None);
}
