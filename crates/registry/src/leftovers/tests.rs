use camino::Utf8Path;

use super::*;

const TIMEOUT: Duration = Duration::from_secs(10);

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().expect("a folder");
    let root = Utf8Path::from_path(folder.path()).expect("UTF-8");
    let store = Store::locate(root, None);
    (folder, store)
}

fn image(number: u8) -> Digest {
    Digest::from_bytes([number; 32])
}

fn entry(number: u8) -> Edit {
    let text = format!(
        "images: [{{name: a, file: a.tar, docker_tag: a, os: x, architecture: y, image_id: '{}'}}]",
        image(number)
    );
    let registry = Registry::parse(Utf8Path::new("r.yml"), text).expect("a registry");
    Edit::Put(registry.entries()[0].clone())
}

#[test]
fn what_is_replaced_is_noted_once() {
    let (_folder, store) = store();
    let put = |number| {
        let edits = || vec![entry(number)];
        let put = store.update(TIMEOUT, |_| Ok::<_, Error>((edits(), ())));
        put.expect("written");
    };
    put(1);
    put(1);
    assert_eq!(store.leftovers().expect("none"), []);
    for number in [2, 1, 2, 3] {
        put(number);
    }
    assert_eq!(store.leftovers().expect("notes"), [image(1), image(2)]);
    assert_eq!(store.notes().expect("notes").unwrap().len(), 2);
    store
        .forget_leftovers(&[image(2), image(9)], TIMEOUT)
        .expect("forgotten");
    assert_eq!(store.leftovers().expect("notes"), [image(1)]);
}

#[test]
fn what_a_command_works_with_is_held() {
    let (_folder, store) = store();
    store
        .note_leftovers(&[image(1)], TIMEOUT)
        .expect("nowhere to note");
    assert!(
        !store.is_kept(),
        "a folder without a store gets nothing of ours"
    );
    drop(store.lock_registry(TIMEOUT).expect("a lock"));
    store.note_leftovers(&[image(1)], TIMEOUT).expect("noted");
    store
        .add_leftovers(&[image(1), image(2)], None)
        .expect("noted");
    assert_eq!(
        store.leftovers().expect("notes"),
        [image(2)],
        "this process runs"
    );
    store
        .forget_leftovers(&[image(1)], TIMEOUT)
        .expect("forgotten");
    assert_eq!(
        store.notes().expect("notes").unwrap().len(),
        2,
        "it is held"
    );

    let mut child = std::process::Command::new("true").spawn().expect("a child");
    let ended = Holder::process(child.id());
    child.wait().expect("it ended");
    store
        .add_leftovers(&[image(3)], ended.as_ref())
        .expect("noted");
    assert_eq!(store.leftovers().expect("notes"), [image(2), image(3)]);
}

#[test]
fn notes_are_bounded_and_never_in_the_way() {
    let (_folder, store) = store();
    drop(store.lock_registry(TIMEOUT).expect("a lock"));
    let old = Note {
        image: image(1).to_string(),
        since: Utc::now() - TimeDelta::days(91),
        holder: None,
    };
    store.write_notes(&[old]).expect("written");
    store.add_leftovers(&[image(2)], None).expect("noted");
    assert_eq!(store.leftovers().expect("notes"), [image(2)]);
    assert!(store.damaged_leftovers().expect("none").is_empty());
    for damaged in ["[{]", "", "{}"] {
        fs::write(store.notes_path(), damaged).expect("damaged");
        assert_eq!(store.leftovers().expect("none"), []);
        let said = store.damaged_leftovers().expect("an error");
        let said: Vec<_> = said.iter().map(ToString::to_string).collect();
        assert!(said[0].contains("leftovers.json: cannot read"), "{said:?}");
        store.add_leftovers(&[image(2)], None).expect("noted");
        assert_eq!(store.leftovers().expect("notes"), [image(2)]);
        // The damaged notes are kept, and still reported.
        let aside = store.notes_path().with_file_name(DAMAGED);
        assert_eq!(fs::read_to_string(aside).expect("set aside"), damaged);
        assert_eq!(store.damaged_leftovers().expect("an error").len(), 1);
    }
}
