use std::fs;
use std::time::Duration;

use crate::{Edit, Entry, Error, Registry, Store};

fn entry(name: &str) -> Entry {
    let tag = name.parse().expect("a tag");
    Entry::new(name, format!("{name}.tar"), tag, "debian:12", "x86_64")
}

/// Whether two registries are the same object, not only equal.
fn same(one: &Registry, other: &Registry) -> bool {
    std::ptr::eq(one.text(), other.text()) && std::ptr::eq(one.entries(), other.entries())
}

#[test]
fn a_text_is_parsed_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = camino::Utf8Path::from_path(folder.path()).expect("UTF-8");
    let store = Store::locate(root, None);
    let put = |name: &str| {
        let entry = entry(name);
        let decide = |_: &Registry| Ok::<_, Error>((vec![Edit::Put(entry.clone())], ()));
        store.update(Duration::ZERO, decide).expect("registered");
    };
    put("a");
    let first = store.read().expect("a registry");
    // Also through a copy of the store.
    assert!(same(&first, &store.clone().read().expect("a registry")));
    put("b");
    let second = store.read().expect("a registry");
    assert_eq!((first.entries().len(), second.entries().len()), (1, 2));
    assert!(same(&second, &store.read().expect("a registry")));
    // A change by another program is seen, even if the file's time is the same.
    let times = fs::metadata(store.file()).and_then(|file| file.modified());
    fs::write(store.file(), second.text().replace("b.tar", "c.tar")).expect("written");
    let file = fs::File::options().write(true).open(store.file());
    let reset = file.and_then(|file| file.set_modified(times?));
    reset.expect("the time is set");
    let third = store.read().expect("a registry");
    assert_eq!(third.entries()[1].file, "c.tar");
    // A broken registry is an error each time, and the known one is not used instead.
    fs::write(store.file(), "images: [").expect("written");
    store.read().expect_err("broken");
    store.read().expect_err("broken");
    fs::write(store.file(), first.text()).expect("written");
    let again = store.read().expect("a registry");
    assert_eq!(again.entries(), first.entries());
}
