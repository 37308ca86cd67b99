use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;

use super::*;

fn folder() -> (tempfile::TempDir, Utf8PathBuf) {
    let folder = tempfile::tempdir().expect("folder");
    let path = Utf8PathBuf::from_path_buf(folder.path().to_owned()).expect("UTF-8");
    (folder, path)
}

fn paths(context: &BuildContext) -> Vec<String> {
    context
        .entries
        .iter()
        .map(|entry| String::from_utf8_lossy(&entry.path).into_owned())
        .collect()
}

#[test]
fn files_folders_links_and_what_is_not_sent() {
    let (_guard, root) = folder();
    fs::create_dir(root.join("b")).expect("folder");
    fs::write(root.join("b/x"), "text").expect("file");
    fs::set_permissions(root.join("b/x"), fs::Permissions::from_mode(0o755)).expect("mode");
    symlink("/nowhere", root.join("a")).expect("link");
    symlink("b", root.join("c")).expect("link");
    let _socket = UnixListener::bind(root.join("socket")).expect("socket");

    let context = BuildContext::read(&root, &Ignore::default(), &|_, _| false).expect("context");
    assert_eq!(paths(&context), ["a", "b", "b/x", "c"]);
    assert_eq!(
        context.entries[0].kind,
        EntryKind::Link(b"/nowhere".to_vec())
    );
    assert_eq!(context.entries[2].mode, 0o755);
    let digest = archive::digest_reader(&b"text"[..]).expect("digest");
    assert_eq!(context.entries[2].kind, EntryKind::File(digest));
}

#[test]
fn an_exception_inside_an_ignored_folder_is_found() {
    let (_guard, root) = folder();
    fs::create_dir_all(root.join("a/b")).expect("folders");
    fs::write(root.join("a/b/keep"), "").expect("file");
    fs::write(root.join("a/drop"), "").expect("file");
    fs::write(root.join(".dockerignore"), "a\n.dockerignore\n!a/b/keep\n").expect("file");
    let ignore = Ignore::of_folder(&root).expect("rules");
    assert_eq!(
        paths(&BuildContext::read(&root, &ignore, &|_, _| false).expect("context")),
        ["a/b/keep"]
    );
    assert_eq!(
        Ignore::of_folder(&root.join("none")).expect("no file"),
        Ignore::default()
    );
}

#[test]
fn an_error_names_the_path() {
    let (_guard, root) = folder();
    let error = BuildContext::read(&root.join("none"), &Ignore::default(), &|_, _| false)
        .expect_err("missing");
    assert!(
        error.to_string().starts_with(root.join("none").as_str()),
        "{error}"
    );
}
