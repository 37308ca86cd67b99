//! Tests with the real engine.

#[path = "common/tiny.rs"]
mod tiny;

use std::io::Write as _;
use std::process::Command;
use std::time::Duration;

use engine::{Build, BuildFile, Engine, Error, LoadError, SaveError};
use tiny::{Tiny, context, real, tag};

#[expect(clippy::unwrap_used, reason = "a test's helper")]
fn save(engine: &Engine, name: &str) -> Vec<u8> {
    let mut archive = Vec::new();
    engine
        .save(name, |stream| stream.read_to_end(&mut archive))
        .unwrap();
    archive
}

#[test]
fn says_what_it_is() {
    let version = real().probe().unwrap();
    assert!(!version.client.is_empty() && !version.server.is_empty());
    real().store().unwrap();
}

#[test]
fn inspect_answers_in_order() {
    let engine = real();
    let (one, two) = (Tiny::new(&engine), Tiny::new(&engine));
    let nobody = tag("nobody").to_string();
    let names = [
        &nobody,
        &two.tag.to_string(),
        &one.image.id.to_string(),
        &nobody,
        &one.tag.canonical(),
    ];
    let images = engine.inspect(&names).unwrap();
    assert_eq!(
        images,
        [
            None,
            Some(two.image.clone()),
            Some(one.image.clone()),
            None,
            Some(one.image.clone())
        ]
    );
    assert_eq!(one.image.tags, std::slice::from_ref(&one.tag));
    assert_eq!(one.image.diff_ids.as_ref().map(Vec::len), Some(1));
    assert_eq!(one.image.os, "linux");
    assert_eq!(engine.inspect(&[&nobody]).unwrap(), [None]);
    assert_eq!(engine.inspect::<&str>(&[]).unwrap(), []);

    let all = engine.held().unwrap();
    for image in [&one.image, &two.image] {
        let held = all.iter().find(|held| held.id == image.id).unwrap();
        assert_eq!(Some(&held.diff_ids), image.diff_ids.as_ref());
    }
}

#[test]
fn many_names_are_few_calls() {
    let engine = real();
    let tiny = Tiny::new(&engine);
    let mut names: Vec<_> = (0..700)
        .map(|number| format!("imgpipe-engine-test-missing-{number}:1"))
        .collect();
    names[650] = tiny.tag.to_string();
    let images = engine.inspect(&names).unwrap();
    assert_eq!(images.iter().position(Option::is_some), Some(650));
    assert_eq!(images.len(), names.len());
}

#[test]
fn tags_go_one_by_one() {
    let engine = real();
    let tiny = Tiny::new(&engine);
    let second = tag("second");
    engine.tag(&tiny.image.id.to_string(), &second).unwrap();
    assert!(
        matches!(engine.remove(tiny.image.id), Err(Error::Failed { .. })),
        "two tags keep an image"
    );
    engine.untag(&second).unwrap();
    assert_eq!(
        engine
            .inspect(&[second.to_string(), tiny.tag.to_string()])
            .unwrap(),
        [None, Some(tiny.image.clone())]
    );
    let error = engine.untag(&second).unwrap_err();
    assert!(
        matches!(error, Error::Failed { .. }) && error.tail().is_some(),
        "{error:?}"
    );
    engine.remove(tiny.image.id).unwrap();
    assert_eq!(
        engine.inspect(&[tiny.image.id.to_string()]).unwrap(),
        [None]
    );
}

#[test]
fn what_is_saved_can_be_loaded() {
    let engine = real();
    let tiny = Tiny::new(&engine);
    let archive = save(&engine, &tiny.tag.to_string());
    engine.untag(&tiny.tag).unwrap();
    assert_eq!(engine.inspect(&[tiny.tag.to_string()]).unwrap(), [None]);
    engine.load(|stream| stream.write_all(&archive)).unwrap();
    let loaded = engine
        .inspect(&[tiny.tag.to_string()])
        .unwrap()
        .pop()
        .flatten()
        .unwrap();
    assert_eq!(
        (loaded.id, loaded.diff_ids),
        (tiny.image.id, tiny.image.diff_ids.clone())
    );
}

#[test]
fn loads_that_fail_leave_nothing() {
    let engine = real();
    let tiny = Tiny::new(&engine);
    let archive = save(&engine, &tiny.tag.to_string());
    engine.untag(&tiny.tag).unwrap();

    let cut = engine.load(|stream| stream.write_all(&archive[..archive.len() / 3]));
    assert!(
        matches!(cut, Err(LoadError::Engine(Error::Failed { .. }))),
        "{cut:?}"
    );

    // The whole archive was written. If the stream had been closed, the engine would have accepted it.
    let mine = engine.load(|stream| {
        stream
            .write_all(&archive)
            .and(Err::<(), _>(std::io::Error::other("mine")))
    });
    assert!(
        matches!(&mine, Err(LoadError::Feed(error)) if error.to_string() == "mine"),
        "{mine:?}"
    );
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(engine.inspect(&[tiny.tag.to_string()]).unwrap(), [None]);
}

#[test]
fn saves_fail_with_the_engines_words() {
    let missing = real().save(&tag("nobody").to_string(), |stream| {
        let count = stream.read_to_end(&mut Vec::new()).map_err(|_| "read")?;
        if count == 0 { Err("empty") } else { Ok(()) }
    });
    let Err(SaveError::Engine(error)) = missing else {
        panic!("{missing:?}")
    };
    assert!(error.tail().is_some(), "{error:?}");
}

#[test]
fn builds_are_inspected_and_heard() {
    let engine = real();
    let tag = tag("built");
    let (_folder, path) = context();
    let build = Build {
        context: Some(&path),
        args: [("WHO".to_owned(), "you".to_owned())].into(),
        labels: [("a".to_owned(), "b=c d".to_owned())].into(),
        no_cache: true,
        network: Some("none"),
        ..Build::new(
            BuildFile::Text("FROM scratch\nARG WHO\nCOPY file /$WHO\n"),
            &tag,
        )
    };
    let mut lines = Vec::new();
    let image = engine
        .build(&build, |line| lines.push(line.to_owned()))
        .unwrap();
    assert_eq!(image.tags, std::slice::from_ref(&tag));
    assert!(
        lines.iter().any(|line| line.contains("COPY file")),
        "{lines:?}"
    );

    let again = engine.build(&build, |_| ());
    assert!(matches!(again, Err(Error::TagTaken { .. })), "{again:?}");
    engine.untag(&tag).unwrap();

    let file = path.join("other file");
    std::fs::write(&file, "FROM scratch\nLABEL a=b\n").unwrap();
    for context in [None, Some(path.as_path())] {
        let build = Build {
            context,
            ..Build::new(BuildFile::Path(&file), &tag)
        };
        engine.build(&build, |_| ()).unwrap();
        engine.untag(&tag).unwrap();
    }
}

#[test]
fn failed_builds_leave_nothing() {
    let engine = real();
    let tag = tag("broken");
    let (_folder, path) = context();
    let text =
        "FROM scratch\nLABEL c=d\nCOPY file /one\nCOPY file /two\nRUN [\"/no-such-program\"]\n";
    let build = Build {
        context: Some(&path),
        ..Build::new(BuildFile::Text(text), &tag)
    };
    let mut lines = Vec::new();
    let error = engine
        .build(&build, |line| lines.push(line.to_owned()))
        .unwrap_err();
    assert!(
        error.tail().unwrap().contains("no-such-program"),
        "{error:?}"
    );
    assert_eq!(engine.inspect(&[tag.to_string()]).unwrap(), [None]);

    let named = |start: &str| {
        lines
            .iter()
            .filter_map(|line| line.strip_prefix(start))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let made = named(" ---> ");
    let left: Vec<_> = engine
        .held()
        .unwrap()
        .into_iter()
        .filter(|image| made.contains(&image.id.short()))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    for container in named(" ---> Running in ") {
        let inspect = Command::new(tiny::program())
            .args(["container", "inspect", &container])
            .output()
            .unwrap();
        assert!(!inspect.status.success(), "{container} is left");
    }
}
