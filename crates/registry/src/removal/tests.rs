use super::*;

const TIMEOUT: Duration = Duration::from_secs(10);

/// A store with so many images and their archives.
fn store(images: usize) -> (tempfile::TempDir, Store, Vec<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let root = Utf8Path::from_path(folder.path()).expect("UTF-8");
    let store = Store::locate(root, None);
    let names: Vec<_> = (0..images).map(|number| format!("i{number}")).collect();
    let entry = |name: &String| {
        let file = format!("{name}.tar");
        fs::write(root.join(&file), "archive").expect("written");
        let tag = name.parse().expect("a tag");
        Edit::Put(Entry::new(name, file, tag, "debian:12", "x86_64"))
    };
    let edits: Vec<_> = names.iter().map(entry).collect();
    store
        .update(TIMEOUT, |_| Ok::<_, Error>((edits.clone(), ())))
        .expect("registered");
    (folder, store, names)
}

fn archives(store: &Store) -> usize {
    let files = store.root().read_dir_utf8().expect("a folder").flatten();
    files
        .filter(|file| file.file_name().ends_with(".tar"))
        .count()
}

#[test]
fn what_was_removed_before_a_failure_is_told() {
    let (_folder, store, names) = store(PART + 7);
    let mut told = Vec::new();
    let (decided, failure) = store
        .remove(
            TIMEOUT,
            |_| Ok::<_, Error>((names.clone(), "decided")),
            |number, removed| {
                assert!(matches!(removed, Removed::File { bytes: 7 }), "{removed:?}");
                // An editor without a lock breaks it between two parts.
                if number + 1 == PART {
                    fs::write(store.file(), "images: [").expect("written");
                }
                told.push(number);
                true
            },
        )
        .expect("some went");
    assert_eq!(decided, "decided");
    assert_eq!(told, (0..PART).collect::<Vec<_>>());
    assert!(
        matches!(failure, Some(Error::Yaml(yaml::Error::Syntax { .. }))),
        "{failure:?}"
    );
    assert_eq!(archives(&store), 7);
}

#[test]
fn a_failure_before_anything_went_is_one() {
    let (_folder, store, names) = store(3);
    let decide = |_: &Registry| {
        fs::write(store.file(), "images: [").expect("written");
        Ok::<_, Error>((names.clone(), ()))
    };
    let failure = store.remove(TIMEOUT, decide, |_, _| panic!("nothing went"));
    assert!(
        matches!(failure, Err(Error::Yaml(yaml::Error::Syntax { .. }))),
        "{failure:?}"
    );
    assert_eq!(archives(&store), 3);
}

#[test]
fn whoever_has_enough_keeps_the_rest() {
    let (_folder, store, names) = store(2 * PART);
    let mut told = 0;
    let (_, failure) = store
        .remove(
            TIMEOUT,
            |_| Ok::<_, Error>((names.clone(), ())),
            |_, _| {
                told += 1;
                false
            },
        )
        .expect("some went");
    // Once the entries of a part are removed, the part is finished.
    assert!(failure.is_none());
    let left = store.read().expect("a registry").entries().len();
    assert_eq!((told, left, archives(&store)), (PART, PART, PART));
}
