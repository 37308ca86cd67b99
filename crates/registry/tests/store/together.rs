//! Several writers at once, threads and processes.

use std::process::Command;
use std::thread;
use std::time::Instant;

use super::*;

fn count_use(store: &Store, name: &str) -> Result<(), Error> {
    store.update(PATIENCE, |registry| {
        let mut entry = registry.get(name).cloned().unwrap_or_else(|| entry(name));
        entry.usage_count += 1;
        Ok((vec![Edit::Put(entry)], ()))
    })
}

#[test]
fn threads_lose_no_update() {
    let folder = Folder::new();
    let stores: Vec<_> = (0..8).map(|_| folder.store()).collect();
    thread::scope(|scope| {
        for store in &stores {
            scope.spawn(|| (0..10).for_each(|_| count_use(store, "a").unwrap()));
        }
        // No reader ever sees half a registry.
        for _ in 0..100 {
            assert!(!matches!(
                stores[0].read(),
                Err(Error::Yaml(yaml::Error::Syntax { .. }))
            ));
        }
    });
    assert_eq!(stores[0].read().unwrap().get("a").unwrap().usage_count, 80);
}

/// The command for child processes: this binary, with one of the ignored test functions.
fn child(function: &str, folder: &Folder) -> Command {
    let test = format!("together::{function}");
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", &test, "--ignored", "--nocapture"])
        .env("STORE", &folder.path);
    command
}

fn parents_store() -> Store {
    Store::locate(&Utf8PathBuf::from(std::env::var("STORE").unwrap()), None)
}

#[test]
#[ignore = "not a test: `processes_lose_no_update` runs it in a process of its own"]
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
#[ignore = "not a test: `a_dead_process_holds_nothing` runs it in a process of its own"]
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
    assert_eq!(error.code(), Code::Lock);
    let me = std::process::id();
    assert!(
        error
            .to_string()
            .starts_with(&format!("a/../../B: still locked by process {me} after ")),
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
fn the_last_resort_removes_what_is_unfinished() {
    // Other tests of this process have temporary files too, so this one needs its own process.
    let folder = Folder::new();
    let output = child("child_that_is_interrupted", &folder)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(folder.path.join("a.tar").exists(), "it did not run");
    assert_eq!(folder.unfinished(), 0);
}

#[test]
#[ignore = "not a test: `the_last_resort_removes_what_is_unfinished` runs it in a process of its own"]
fn child_that_is_interrupted() {
    let store = parents_store();
    let path = store.path("a.tar".into()).unwrap();
    store.create().unwrap().commit(&path).unwrap();
    let files = [store.create().unwrap(), store.create().unwrap()];
    registry::remove_unfinished();
    assert!(path.absolute().exists());
    // As after a signal: nothing is dropped.
    std::mem::forget(files);
}
