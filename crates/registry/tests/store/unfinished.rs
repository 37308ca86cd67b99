//! Temporary files.

use std::io::SeekFrom;

use super::*;

#[test]
fn a_file_is_in_its_place_when_it_is_complete() {
    let folder = Folder::new();
    let store = folder.store();
    let path = store.path("images/p/a.tar".into()).unwrap();
    let mut file = store.create().unwrap();
    file.write_all(b"archive").unwrap();
    file.seek(SeekFrom::Start(4)).unwrap();
    let mut end = String::new();
    file.read_to_string(&mut end).unwrap();
    assert_eq!(end, "ive");
    assert!(!path.absolute().exists());
    file.commit(&path).unwrap();
    assert_eq!(fs::read(path.absolute()).unwrap(), b"archive");
    assert_eq!(folder.unfinished(), 0);

    let dropped = store.create().unwrap();
    let place = dropped.path().to_owned();
    assert!(place.exists());
    drop(dropped);
    assert!(!place.exists());
}

#[test]
fn a_link_that_appears_meanwhile_leads_nowhere() {
    let folder = Folder::new();
    let outside = Folder::new();
    let store = folder.store();
    let path = store.path("images/p/a.tar".into()).unwrap();
    let file = store.create().unwrap();
    symlink(&outside.path, folder.path.join("images/p")).unwrap();
    let error = file.commit(&path).unwrap_err();
    assert_eq!(error.code(), Code::Invalid, "{error}");
    assert_eq!(fs::read_dir(&outside.path).unwrap().count(), 0);
    assert_eq!(folder.unfinished(), 0);
}
