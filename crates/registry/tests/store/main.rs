//! The folder around a registry: who writes when, where, and what is left when they die.

#![expect(clippy::unwrap_used, reason = "a test may end where it fails")]

use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use registry::{Edit, Entry, Error, ErrorKind, Store};

const PATIENCE: Duration = Duration::from_secs(60);
const NONE: Duration = Duration::ZERO;

struct Folder {
    _dir: tempfile::TempDir,
    path: Utf8PathBuf,
}

impl Folder {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(dir.path())
            .unwrap()
            .canonicalize_utf8()
            .unwrap();
        Self { _dir: dir, path }
    }

    fn store(&self) -> Store {
        Store::locate(&self.path, None)
    }

    fn unfinished(&self) -> usize {
        fs::read_dir(self.path.join("images/.imgpipe/unfinished")).map_or(0, Iterator::count)
    }
}

fn entry(name: &str) -> Entry {
    let file = format!("images/{name}.tar");
    Entry::new(name, file, name.parse().unwrap(), "debian:12", "x86_64")
}

fn put(store: &Store, name: &str) -> Result<(), Error> {
    store.update(PATIENCE, |_| Ok((vec![Edit::Put(entry(name))], ())))
}

fn count_use(store: &Store, name: &str) -> Result<(), Error> {
    store.update(PATIENCE, |registry| {
        let mut entry = registry.get(name).cloned().unwrap_or_else(|| entry(name));
        entry.usage_count += 1;
        Ok((vec![Edit::Put(entry)], ()))
    })
}

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
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
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
fn two_ways_to_one_registry_are_one_store() {
    let (real, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let [real, other] = [real.path(), other.path()].map(|path| Utf8Path::from_path(path).unwrap());
    let link = other.join("image-registry.yml");
    // Whether the registry is there yet or not.
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
                // As `sed -i` does: another file by the same name.
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
fn threads_lose_no_update() {
    let folder = Folder::new();
    let stores: Vec<_> = (0..8).map(|_| folder.store()).collect();
    thread::scope(|scope| {
        for store in &stores {
            scope.spawn(|| (0..10).for_each(|_| count_use(store, "a").unwrap()));
        }
        // Nobody ever reads half a registry.
        for _ in 0..100 {
            assert!(!matches!(stores[0].read(), Err(Error::Syntax { .. })));
        }
    });
    assert_eq!(stores[0].read().unwrap().get("a").unwrap().usage_count, 80);
}

/// What the processes of the next tests run: this binary, on one of these tests.
fn child(test: &str, folder: &Folder) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env("STORE", &folder.path);
    command
}

fn parents_store() -> Store {
    Store::locate(&Utf8PathBuf::from(std::env::var("STORE").unwrap()), None)
}

#[test]
#[ignore = "a process of `processes_lose_no_update`"]
fn child_that_counts() {
    (0..10).for_each(|_| count_use(&parents_store(), "a").unwrap());
}

#[test]
fn processes_lose_no_update() {
    let folder = Folder::new();
    let children: Vec<_> = (0..4)
        .map(|_| child("child_that_counts", &folder).spawn().unwrap())
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(
        folder.store().read().unwrap().get("a").unwrap().usage_count,
        40
    );
}

#[test]
#[ignore = "a process of `a_dead_process_holds_nothing`"]
fn child_that_dies() {
    let store = parents_store();
    let _lock = store.lock_image("a", None).unwrap();
    let mut file = store.create().unwrap();
    file.write_all(b"half").unwrap();
    std::process::abort();
}

#[test]
fn a_dead_process_holds_nothing() {
    let folder = Folder::new();
    assert!(
        !child("child_that_dies", &folder)
            .output()
            .unwrap()
            .status
            .success()
    );
    assert_eq!(folder.unfinished(), 1);
    let store = folder.store();
    store.lock_image("a", Some(NONE)).unwrap();
    let alive = store.create().unwrap();
    assert_eq!(folder.unfinished(), 1);
    let other = store.create().unwrap();
    assert!(alive.path().exists() && other.path().exists());
}

#[test]
fn one_image_is_made_by_one_at_a_time() {
    let folder = Folder::new();
    let store = folder.store();
    let lock = store.lock_image("a/../../B", None).unwrap();
    store.lock_image("b", Some(NONE)).unwrap();
    let error = store
        .lock_image("a/../../B", Some(Duration::from_millis(20)))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LockTimeout);
    let me = std::process::id();
    assert!(
        error
            .to_string()
            .starts_with(&format!("a/../../B: still locked by process {me} after 2")),
        "{error}"
    );

    let started = Instant::now();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| store.lock_image("a/../../B", Some(PATIENCE)).unwrap());
        thread::sleep(Duration::from_millis(50));
        drop(lock);
        waiter.join().unwrap();
    });
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn an_update_waits_for_its_lock_no_longer_than_told() {
    let folder = Folder::new();
    let store = folder.store();
    let inner = store.update::<_, Error>(PATIENCE, |_| {
        let inner = store.update::<(), Error>(NONE, |_| Ok((vec![], ())));
        Ok((vec![], inner))
    });
    assert_eq!(inner.unwrap().unwrap_err().kind(), ErrorKind::LockTimeout);
}

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
        ("images/.imgpipe/x", "keeps for itself"),
        ("./images//.imgpipe", "keeps for itself"),
        ("own/x", "keeps for itself"),
        ("in/.imgpipe/x", "keeps for itself"),
        ("image-registry.yml", "is the registry itself"),
        ("./image-registry.yml", "is the registry itself"),
        ("again", "leads to the registry itself"),
        ("out/x", "leads out"),
        ("out", "leads out"),
        ("dangling", "is a link to nothing"),
        ("dangling/x", "is a link to nothing"),
    ] {
        let error = store.path(file.into()).unwrap_err();
        assert!(error.to_string().contains(rule), "{file:?}: {error}");
        assert_eq!(error.kind(), ErrorKind::Invalid);
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

    // `..` leaves a linked folder where it really is.
    symlink(folder.path.join("sub/deep"), folder.path.join("link")).unwrap();
    assert_eq!(
        store.relative(&path, &folder.path.join("link")),
        "../../images/a.tar"
    );
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
}

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
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    assert_eq!(fs::read_dir(&outside.path).unwrap().count(), 0);
    assert_eq!(folder.unfinished(), 0);
}

#[test]
fn imgpipes_own_folder_is_no_link_out() {
    let folder = Folder::new();
    let outside = Folder::new();
    symlink(&outside.path, folder.path.join("images")).unwrap();
    let store = folder.store();
    assert_eq!(put(&store, "a").unwrap_err().kind(), ErrorKind::Invalid);
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
    assert_eq!(put(&store, "b").unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(fs::read_to_string(&precious).unwrap(), "data");
}

#[test]
fn the_last_resort_removes_what_is_unfinished() {
    // Other tests of this process have files of their own: a process for this one.
    let folder = Folder::new();
    let output = child("child_that_is_interrupted", &folder)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(folder.unfinished(), 0);
}

#[test]
#[ignore = "a process of `the_last_resort_removes_what_is_unfinished`"]
fn child_that_is_interrupted() {
    let store = parents_store();
    let path = store.path("a.tar".into()).unwrap();
    store.create().unwrap().commit(&path).unwrap();
    let files = [store.create().unwrap(), store.create().unwrap()];
    registry::remove_unfinished();
    assert!(path.absolute().exists());
    // As a signal would have it: nothing is dropped any more.
    std::mem::forget(files);
}
