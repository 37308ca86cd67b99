//! `kill_all` affects a whole process: one test, one file.

#[path = "common/stand_in.rs"]
mod stand_in;

use std::io;
use std::io::Write as _;
use std::time::{Duration, Instant};

use engine::{Error, LoadError, SaveError};
use stand_in::{StandIn, tag};

#[test]
fn kill_all_ends_everything_but_clean_up() {
    let stand_in = StandIn::new(
        "tag|load|save) exec sleep 100;;\nrmi) sleep 0.5; echo done >>${0%/*}/removed;;",
    );
    stand_in.engine.probe().unwrap();
    let engine = &stand_in.engine;
    let start = Instant::now();
    std::thread::scope(|scope| {
        let tagged = scope.spawn(|| engine.tag("x", &tag("y")));
        let loaded = scope.spawn(|| engine.load(|stream| stream.write_all(&vec![0; 1_000_000])));
        let saved = scope.spawn(|| engine.save("x", |stream| io::copy(stream, &mut io::sink())));
        let removed = scope.spawn(|| engine.untag(&tag("z")));
        std::thread::sleep(Duration::from_millis(300));
        process::kill_all();
        assert!(matches!(tagged.join().unwrap(), Err(Error::Interrupted)));
        assert!(matches!(
            loaded.join().unwrap(),
            Err(LoadError::Engine(Error::Interrupted))
        ));
        assert!(matches!(
            saved.join().unwrap(),
            Err(SaveError::Engine(Error::Interrupted))
        ));
        removed.join().unwrap().unwrap();
    });
    assert!(
        matches!(engine.store(), Err(Error::Interrupted)),
        "nothing new is begun"
    );
    engine.untag(&tag("z")).unwrap();
    assert!(
        matches!(engine.clean_up().store(), Err(Error::Failed { .. })),
        "clean-up gets through"
    );
    assert_eq!(stand_in.file("removed").unwrap().lines().count(), 2);
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
}
