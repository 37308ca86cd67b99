//! Faults that a real engine does not produce on demand, by scripts.

#[path = "common/stand_in.rs"]
mod stand_in;

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use engine::{Build, BuildFile, Error, Input, LoadError, SaveError};
use stand_in::{StandIn, tag};

/// Larger than any pipe's buffer.
const MUCH: usize = 4 * 1024 * 1024;

fn feed(stream: &mut Input) -> io::Result<()> {
    stream.write_all(&vec![b'x'; MUCH])
}

fn drain(stream: &mut dyn Read) -> io::Result<u64> {
    io::copy(stream, &mut io::sink())
}

#[test]
fn endless_complaints_stay_bounded() {
    let cry = "yes 'a line of complaint' | head -c 20000000 >&2; echo 'the reason' >&2; exit 1";
    let stand_in = StandIn::new(&format!("load) {cry};;\nsave) {cry};;\ntag) {cry};;"));
    let bounded = |error: Error| {
        let tail = error.tail().unwrap();
        assert!(
            tail.ends_with("\nthe reason") && tail.len() <= 256 * 1024,
            "{}",
            tail.len()
        );
    };
    match stand_in.engine.load(feed) {
        Err(LoadError::Engine(error)) => bounded(error),
        other => panic!("{other:?}"),
    }
    match stand_in.engine.save("x", drain) {
        Err(SaveError::Engine(error)) => bounded(error),
        other => panic!("{other:?}"),
    }
    bounded(stand_in.engine.tag("x", &tag("y")).unwrap_err());
}

#[test]
fn load_that_reads_nothing() {
    for (status, outcome) in [
        (1, "failed with exit status 1"),
        (0, "exited before it had read the whole input"),
    ] {
        let stand_in = StandIn::new(&format!("load) echo no room >&2; exit {status};;"));
        match stand_in.engine.load(feed) {
            Err(LoadError::Engine(Error::Failed {
                outcome: was, tail, ..
            })) => {
                assert_eq!((was.as_str(), tail.as_str()), (outcome, "no room"));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn load_that_stops_at_the_archives_end() {
    // A tar ends with zeros, and an engine may leave some of them in the pipe.
    let stand_in = StandIn::new("load) head -c 512 >/dev/null;;");
    let padded = |stream: &mut Input| {
        stream
            .write_all(&[b'x'; 512])
            .and_then(|()| stream.write_all(&vec![0; MUCH]))
    };
    stand_in.engine.load(padded).unwrap();
    let more = |stream: &mut Input| padded(stream).and_then(|()| stream.write_all(b"x"));
    assert!(matches!(
        stand_in.engine.load(more),
        Err(LoadError::Engine(Error::Failed { .. }))
    ));
}

#[test]
fn load_that_fails_with_success() {
    let stand_in = StandIn::new(
        "load) cat >/dev/null; echo 'Loaded image: x:1'; echo 'Error unpacking image x:1: not found';;",
    );
    match stand_in.engine.load(feed) {
        Err(LoadError::Engine(error)) => {
            assert!(error.tail().unwrap().contains("unpacking"), "{error:?}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn feed_that_fails() {
    // If the stream had been closed before the engine ended, the engine would have seen a complete archive.
    let stand_in = StandIn::new("load) cat >/dev/null; touch ${0%/*}/accepted;;");
    let failed = stand_in
        .engine
        .load(|stream| feed(stream).map_err(|_| "pipe").and(Err::<(), _>("mine")));
    assert!(matches!(failed, Err(LoadError::Feed("mine"))), "{failed:?}");
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(stand_in.file("accepted"), None);
}

#[test]
fn save_that_dies_midway() {
    for (end, outcome) in [
        ("exit 1", "failed with exit status 1"),
        ("kill -9 $$", "was killed by signal 9"),
    ] {
        let stand_in = StandIn::new(&format!(
            "save) head -c 100000 /dev/zero; echo broken disk >&2; {end};;"
        ));
        let cut = stand_in.engine.save("x:1", |stream| match drain(stream) {
            Ok(200_000) => Ok(()),
            _ => Err("archive is cut short"),
        });
        match cut {
            Err(SaveError::Engine(Error::Failed {
                outcome: was, tail, ..
            })) => {
                assert_eq!((was.as_str(), tail.as_str()), (outcome, "broken disk"));
            }
            other => panic!("{other:?}"),
        }
        // The same for a reader that stops at the first error, before the stream's end.
        let nonsense = stand_in.engine.save("x:1", |stream| {
            stream
                .read_exact(&mut [0; 512])
                .and(Err::<(), _>(io::Error::other("not a tar")))
        });
        assert!(
            matches!(nonsense, Err(SaveError::Engine(_))),
            "{nonsense:?}"
        );
    }
    let stand_in = StandIn::new("save) echo usage; exit 1;;");
    let nonsense = stand_in.engine.save("x:1", |stream| {
        stream
            .read_exact(&mut [0; 5])
            .and(Err::<(), _>(io::Error::other("not a tar")))
    });
    assert!(
        matches!(nonsense, Err(SaveError::Engine(_))),
        "{nonsense:?}"
    );
}

#[test]
fn readers_may_fail_or_stop_early() {
    let stand_in = StandIn::new(&format!(
        "save) head -c {MUCH} /dev/zero && touch ${{0%/*}}/whole;;"
    ));
    let full = stand_in.engine.save("x:1", |_| Err::<(), _>("disk full"));
    assert!(
        matches!(full, Err(SaveError::Read("disk full"))),
        "{full:?}"
    );
    assert_eq!(stand_in.file("whole"), None);
    stand_in
        .engine
        .save("x:1", |stream| stream.read_exact(&mut [0; 512]))
        .unwrap();
    assert!(
        stand_in.file("whole").is_some(),
        "the engine was not cut off by a reader that had enough"
    );
}

#[test]
fn silence_has_a_limit() {
    let stand_in = StandIn::new(
        "tag) exec sleep 100;;\nload|save) sleep 20;;\nbuild) echo one; exec sleep 100;;",
    );
    stand_in.engine.probe().unwrap();
    let engine = stand_in
        .engine
        .clone()
        .with_timeout(Duration::from_millis(200));
    let start = Instant::now();
    let timeout = |error: Error, command: &str| {
        assert!(matches!(error, Error::Timeout { .. }), "{error:?}");
        assert!(error.to_string().contains(command), "{error}");
    };
    timeout(engine.tag("x", &tag("y")).unwrap_err(), "engine tag`");
    match engine.load(feed) {
        Err(LoadError::Engine(error)) => timeout(error, "engine load`"),
        other => panic!("{other:?}"),
    }
    match engine.save("x", drain) {
        Err(SaveError::Engine(error)) => timeout(error, "engine save`"),
        other => panic!("{other:?}"),
    }
    let mut lines = Vec::new();
    let built = engine.build(
        &Build::new(BuildFile::Text("FROM scratch"), &tag("z")),
        |line| lines.push(line.to_owned()),
    );
    timeout(built.unwrap_err(), "engine build`");
    assert_eq!(lines, ["one"]);
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn slow_callers_are_no_silence() {
    let stand_in = StandIn::new("save) echo x;;\nload) cat >/dev/null;;");
    stand_in.engine.probe().unwrap();
    let engine = stand_in
        .engine
        .clone()
        .with_timeout(Duration::from_millis(150));
    let slow = Duration::from_millis(400);
    engine
        .load(|stream| {
            std::thread::sleep(slow);
            stream
                .write_all(b"x")
                .inspect(|()| std::thread::sleep(slow))
        })
        .unwrap();
    engine
        .save("x", |stream| {
            drain(stream).inspect(|_| std::thread::sleep(slow))
        })
        .unwrap();
}

#[test]
fn streams_held_open_hold_nobody_up() {
    let start = Instant::now();
    let stand_in = StandIn::new("images) sleep 20 & ;;");
    assert!(stand_in.engine.held().unwrap().is_empty());
    assert!(stand_in.engine.tag("x", &tag("y")).is_err());
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );
}
