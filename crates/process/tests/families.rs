//! An ended child takes its descendants along: real processes, checked from outside.

#![expect(
    clippy::unwrap_used,
    reason = "a test reports what is wrong by panicking"
)]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use process::{Call, Error};

/// The living processes in a folder.
fn processes_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let own = entries
        .filter(|entry| fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == folder));
    let words = own.map(|entry| {
        let words = fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default();
        words.replace('\0', " ")
    });
    // A finished process has no arguments.
    words.filter(|words| !words.is_empty()).collect()
}

/// Runs a script that takes too long. Returns the processes that are left, and how long ending took.
fn left_of(script: &str) -> (Vec<String>, Duration) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap();
    let call = Call::new("sh".as_ref(), "", None, false)
        .args(["-c", script])
        .folder(&path);
    let limit = Duration::from_millis(500);
    let began = Instant::now();
    let failed = call.answer_within(limit, 1000);
    let took = began.elapsed() - limit;
    assert!(matches!(failed, Err(Error::TooLong { .. })), "{failed:?}");
    assert!(path.join("ready").exists(), "{script}: it was too slow");
    (processes_in(&path), took)
}

#[test]
fn nothing_is_left_of_a_call_that_takes_too_long() {
    for (what, script) in [
        ("itself", "touch ready; exec sleep 60"),
        ("a child that it waits for", "touch ready; sleep 60; true"),
        (
            "children beside it",
            "sleep 60 & sleep 60 & touch ready; wait",
        ),
        (
            "a child's child",
            "sh -c 'touch ready; sleep 60; true'; true",
        ),
        (
            "one whose parent has ended",
            "(sleep 60 & touch ready); sleep 60; true",
        ),
        (
            "one in a group of its own",
            "set -m; sleep 60 & touch ready; wait",
        ),
        (
            "one in a session of its own",
            "touch ready; setsid -w sleep 60; true",
        ),
        (
            "one whose parent has ended, under `env -i`",
            "env -i sh -c 'sleep 60 & touch ready; wait'; true",
        ),
    ] {
        let (left, took) = left_of(script);
        assert_eq!(left, [""; 0], "{what}");
        assert!(took < Duration::from_secs(2), "{what}: {took:?}");
    }
}

#[test]
fn who_does_not_listen_is_killed() {
    for script in [
        "trap '' TERM; touch ready; sleep 60; sleep 60",
        "sh -c 'trap \"\" TERM; touch ready; sleep 60; sleep 60'; true",
        // It gets the signal, but continues.
        "sh -c 'trap \"sleep 60 & sleep 60\" TERM; touch ready; sleep 60 & wait; sleep 60'; true",
    ] {
        let (left, took) = left_of(script);
        assert_eq!(left, [""; 0], "{script}");
        assert!(took < Duration::from_secs(10), "{script}: {took:?}");
    }
}

#[test]
fn who_meant_to_stay_does() {
    let (left, _) = left_of("(setsid sleep 3 &); touch ready; sleep 60; true");
    assert_eq!(left, ["sleep 3 "]);
    // After a call that ends by itself, no descendants are looked for.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap();
    let call = Call::new("sh".as_ref(), "", None, false)
        .args(["-c", "sleep 3 > /dev/null 2>&1 &"])
        .folder(&path);
    call.answer().unwrap();
    assert_eq!(processes_in(&path), ["sleep 3 "]);
}
