//! Writing the registry.

use super::*;

#[test]
fn a_registry_is_made_when_there_is_something_to_say() {
    let folder = Folder::new();
    let store = folder.store();
    store
        .update::<_, Error>(PATIENCE, |_| Ok((vec![], ())))
        .unwrap();
    store
        .update::<_, Error>(PATIENCE, |_| Ok((vec![Edit::Remove("a".into())], ())))
        .unwrap();
    assert!(!store.exists());
    put(&store, "a").unwrap();
    assert!(
        fs::read_to_string(store.file())
            .unwrap()
            .starts_with("version: 1.0\nimages:\n  - name: a\n")
    );
    assert_eq!(
        fs::read_to_string(folder.path.join("images/.imgpipe/.gitignore")).unwrap(),
        "*\n"
    );
}

#[test]
fn a_broken_registry_is_left_alone() {
    let folder = Folder::new();
    let store = folder.store();
    for bytes in [
        &b"images: [\n"[..],
        b"images: \xff\n",
        b"\xff\xfei\0m\0",
        b"images:\n- name: a\n",
    ] {
        fs::write(store.file(), bytes).unwrap();
        let error = put(&store, "b").unwrap_err();
        assert_eq!(error.code(), Code::Invalid, "{error}");
        assert_eq!(fs::read(store.file()).unwrap(), bytes);
    }
    assert!(
        store
            .read()
            .unwrap_err()
            .to_string()
            .contains("image-registry.yml:2:3: entry `a` lacks `file`")
    );
    fs::remove_file(store.file()).unwrap();
    fs::create_dir(store.file()).unwrap();
    assert!(
        store
            .read()
            .unwrap_err()
            .to_string()
            .ends_with("is not a regular file")
    );
}

#[test]
fn a_write_keeps_the_mode_and_writes_through_a_link() {
    let folder = Folder::new();
    let elsewhere = Folder::new();
    let target = elsewhere.path.join("shared.yml");
    fs::write(&target, "# shared\n").unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).unwrap();
    let store = folder.store();
    symlink(&target, store.file()).unwrap();
    put(&store, "a").unwrap();
    assert!(store.file().is_symlink());
    assert!(
        fs::read_to_string(&target)
            .unwrap()
            .starts_with("# shared\nversion: 1.0\n")
    );
    assert_eq!(
        fs::metadata(&target).unwrap().permissions().mode() & 0o7777,
        0o640
    );
    let names: Vec<_> = elsewhere.path.read_dir_utf8().unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");

    fs::remove_file(&target).unwrap();
    put(&store, "b").unwrap();
    assert!(store.file().is_symlink() && target.is_file());
}

#[test]
fn what_a_killed_writer_left_does_not_stay() {
    let folder = Folder::new();
    let store = folder.store();
    fs::write(folder.path.join(".image-registry.yml.unfinished"), "half").unwrap();
    put(&store, "a").unwrap();
    assert!(!folder.path.join(".image-registry.yml.unfinished").exists());
}

#[test]
fn an_edit_by_hand_in_between_is_not_lost() {
    let folder = Folder::new();
    let store = folder.store();
    put(&store, "a").unwrap();
    let mut asked = 0;
    store
        .update::<_, Error>(PATIENCE, |_| {
            asked += 1;
            if asked == 1 {
                // As `sed -i` does: a new file with the same name.
                let text = fs::read_to_string(store.file()).unwrap();
                fs::write(folder.path.join("new"), format!("# by hand\n{text}")).unwrap();
                fs::rename(folder.path.join("new"), store.file()).unwrap();
            }
            Ok((vec![Edit::Put(entry("b"))], ()))
        })
        .unwrap();
    assert_eq!(asked, 2);
    let registry = store.read().unwrap();
    assert!(registry.text().starts_with("# by hand\n"));
    assert_eq!(registry.entries().len(), 2);

    let never = store.update::<_, Error>(PATIENCE, |registry| {
        fs::write(store.file(), format!("{}# more\n", registry.text())).unwrap();
        Ok((vec![Edit::Put(entry("c"))], ()))
    });
    assert!(matches!(never, Err(Error::Contended { .. })));
}

#[test]
fn an_update_waits_for_its_lock_no_longer_than_told() {
    let folder = Folder::new();
    let store = folder.store();
    let inner = store.update::<_, Error>(PATIENCE, |_| {
        let inner = store.update::<(), Error>(NONE, |_| Ok((vec![], ())));
        Ok((vec![], inner))
    });
    assert_eq!(inner.unwrap().unwrap_err().code(), Code::Lock);
}
