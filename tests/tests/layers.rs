//! `imgload`: what is sent to the engine, which is what it lacks, once, and no more.

#![expect(clippy::expect_used, reason = "in tests, and in what they share")]

use std::collections::BTreeMap;

use camino::Utf8Path;
use pipeline_tests::{Image, Outcome, Sandbox, Watched, engine};

/// Content of the lowest layer alone, to be found in its archives.
const MARK: &str = "a line of the base and of nothing else";
/// The bytes of the base, which is much more than all that stands on it.
const BASE: u64 = 2_000_000;
/// More than the layers of a few images on a base have together.
const LITTLE: u64 = 100_000;

/// Content of the topmost layer of an image of a [`family`].
fn top_mark(variant: &str) -> String {
    format!("a line of {variant} on its base")
}

/// Puts an image into the store.
fn store(s: &Sandbox, reference: &str) {
    s.run("imgsave", [reference]).ok();
}

/// A base and images on it, in the store and not in the engine. Returns their references, the base's first.
fn family(s: &Sandbox, variants: &[&str]) -> Vec<String> {
    let size = usize::try_from(BASE).expect("a small number");
    let base = Image::new()
        .busybox()
        .random("data", size)
        .file("base-mark", MARK)
        .build(s, "base");
    let mut references = vec![base];
    for variant in variants {
        let top = Image::on(&references[0]).file("top-mark", top_mark(variant));
        references.push(top.build(s, variant));
    }
    references.iter().for_each(|image| store(s, image));
    references.iter().rev().for_each(|image| s.forget(image));
    // What imgbuild would have written: engines with a containerd store go by it.
    let mut registry = s.read("image-registry.yml");
    for top in &references[1..] {
        let tag = format!("docker_tag: {top}\n");
        let based = format!("{tag}    base: {}\n", s.image("base"));
        registry = registry.replace(&tag, &based);
    }
    s.write("image-registry.yml", registry);
    references
}

/// Images without a common layer, in the store and not in the engine.
fn strangers(s: &Sandbox, variants: &[&str]) -> Vec<String> {
    let image = |variant: &&str| {
        let reference = Image::new().file("base-mark", MARK).build(s, variant);
        store(s, &reference);
        s.forget(&reference);
        reference
    };
    variants.iter().map(image).collect()
}

fn load<'a>(
    s: &Sandbox,
    engine: &Watched,
    words: impl IntoIterator<Item = impl AsRef<str> + 'a>,
) -> Outcome {
    let command = s.command("imgload").args(["--engine", engine.program()]);
    command.args(words).run()
}

fn archives(s: &Sandbox, variants: &[&str]) -> Vec<String> {
    variants.iter().map(|variant| s.archive(variant)).collect()
}

fn lines(references: &[&String]) -> String {
    references.iter().map(|line| format!("{line}\n")).collect()
}

/// Takes those out of the engine that it has.
fn forget_all(s: &Sandbox, references: &[String]) {
    let there = references.iter().rev().filter(|image| engine().has(image));
    there.for_each(|image| s.forget(image));
}

/// The members of a tar and their lengths.
fn members(s: &Sandbox, path: &Utf8Path) -> BTreeMap<String, u64> {
    let listed = s.run("tar", ["--list", "--verbose", "--file", path.as_str()]);
    let member = |line: &str| {
        let words: Vec<_> = line.split_whitespace().collect();
        let length = words.get(2)?.parse().ok()?;
        Some(((*words.last()?).to_owned(), length))
    };
    listed.ok().stdout.lines().filter_map(member).collect()
}

fn blob(layer: &str) -> String {
    format!("blobs/{}", layer.replace(':', "/"))
}

fn run(reference: &str, words: &[&str]) -> Option<String> {
    let start = ["run", "--rm", "--network", "none", reference];
    engine().read(&[&start[..], words].concat())
}

/// Changes a byte of a text in a file.
fn flip(s: &Sandbox, path: &str, text: &str) {
    let mut bytes = s.read_bytes(path);
    let at = bytes
        .windows(text.len())
        .position(|window| window == text.as_bytes())
        .expect("the archive holds the text uncompressed");
    bytes[at] ^= 1;
    s.write(path, bytes);
}

#[test]
fn images_that_are_there_take_two_calls_of_the_engine_however_many_they_are() {
    let s = Sandbox::new();
    let variants = ["one", "two", "three"];
    let images = strangers(&s, &variants);
    let (paths, names) = (archives(&s, &variants), variants.map(|name| s.image(name)));
    let printed = lines(&images.iter().collect::<Vec<_>>());
    s.run("imgload", &paths).ok().stdout(&printed);
    let engine = Watched::new(&s);
    let listed = paths.join("\n");
    for (what, words, input) in [
        ("archives", &paths[..], ""),
        ("names", &names[..], ""),
        ("a list on stdin", &[], listed.as_str()),
        ("with streams at a time", &paths[..], ""),
    ] {
        engine.reset();
        let outcome = s
            .command("imgload")
            .args(["--engine", engine.program(), "--jobs", "2"])
            .args(words)
            .input(input)
            .run();
        outcome.ok().stdout(&printed).silent();
        let calls = engine.calls();
        assert!((1..=2).contains(&calls.len()), "{what}: {calls:?}");
        assert_eq!(engine.loads(), 0, "{what}: {calls:?}");
    }
}

#[test]
fn only_the_layers_that_the_engine_lacks_are_sent() {
    let s = Sandbox::new();
    let images = family(&s, &["top"]);
    let [base, top] = &images[..] else {
        panic!("two images");
    };
    s.run("imgload", [s.archive("base")]).ok();
    let watched = Watched::new(&s);
    load(&s, &watched, [s.archive("top")])
        .ok()
        .stdout(&lines(&[top]));
    assert_eq!(watched.loads(), 1);
    assert!(watched.bytes() < LITTLE, "{} bytes", watched.bytes());
    let (below, all) = (engine().layers(base), engine().layers(top));
    let members = members(&s, &watched.fed()[0]);
    assert!(all.starts_with(&below) && all.len() > below.len());
    for layer in &all {
        let length = members.get(&blob(layer)).copied();
        let empty = below.contains(layer);
        assert_eq!(length.map(|length| length == 0), Some(empty), "{members:?}");
    }
    let marks = ["cat", "/base-mark", "/top-mark"];
    let both = Some(MARK.to_owned() + &top_mark("top"));
    assert_eq!(run(top, &marks), both);

    // The engine can give away all of it.
    let whole = s.path("whole.tar");
    assert!(
        engine()
            .read(&["save", "--output", whole.as_str(), top])
            .is_some()
    );
    forget_all(&s, &images);
    let apart = ["--registry", "elsewhere/image-registry.yml", "whole.tar"];
    s.run("imgload", apart).ok().stdout(&lines(&[top]));
    assert_eq!(engine().layers(top), all);
    assert_eq!(run(top, &marks), both);
}

#[test]
fn a_layer_that_is_not_sent_is_not_read() {
    let s = Sandbox::new();
    let images = family(&s, &["top"]);
    s.run("imgload", [s.archive("base")]).ok();
    flip(&s, &s.archive("top"), MARK);
    s.run("imgload", [s.archive("top")])
        .ok()
        .stdout(&lines(&[&images[1]]));
    assert_eq!(
        run(&images[1], &["cat", "/base-mark"]).as_deref(),
        Some(MARK)
    );
    forget_all(&s, &images);
    s.run("imgload", [s.archive("top")])
        .fails("imgload", 4, "damaged");
    assert!(!engine().has(&images[1]), "a tag was left");
}

#[test]
fn an_engine_that_does_not_take_a_part_gets_everything() {
    let s = Sandbox::new();
    let images = family(&s, &["top"]);
    for (what, load_lines) in [
        (
            "it fails",
            "if partial; then echo 'no such layer' >&2; exit 1; fi; pass \"$@\"",
        ),
        (
            "it says that it was fine",
            "if partial; then echo 'Loaded image: x:1'; exit 0; fi; pass \"$@\"",
        ),
    ] {
        s.run("imgload", [s.archive("base")]).ok();
        let engine = Watched::spoiled(&s, load_lines);
        engine.reset();
        load(&s, &engine, ["--verbose", &s.archive("top")])
            .ok()
            .stdout(&lines(&[&images[1]]))
            .stderr_has("sending all");
        assert_eq!(engine.loads(), 2, "{what}");
        assert!(engine.bytes() > BASE, "{what}: {} bytes", engine.bytes());
        assert_eq!(
            run(&images[1], &["cat", "/base-mark"]).as_deref(),
            Some(MARK),
            "{what}"
        );
        forget_all(&s, &images);
    }
}

#[test]
fn an_engine_that_only_says_so_is_not_believed() {
    let s = Sandbox::new();
    let images = family(&s, &["top"]);
    let liar = format!("echo 'Loaded image: {}'", images[1]);
    let watched = Watched::spoiled(&s, &liar);
    for (base, loads) in [(false, 1), (true, 2)] {
        if base {
            s.run("imgload", [s.archive("base")]).ok();
        }
        watched.reset();
        load(&s, &watched, [s.archive("top")])
            .fails("imgload", 5, "the engine reported success")
            .stderr_has("does not hold");
        assert_eq!(watched.loads(), loads, "with the base there: {base}");
        assert!(!engine().has(&images[1]), "with the base there: {base}");
    }
    // What it had before it still has.
    assert!(engine().has(&images[0]));
    let registry = s.read("image-registry.yml");
    assert_eq!(registry.matches("usage_count: 1").count(), 1, "{registry}");
}

#[test]
fn what_archives_share_is_sent_once() {
    let s = Sandbox::new();
    let images = family(&s, &["a", "b"]);
    let [_, a, b] = &images[..] else {
        panic!("three images");
    };
    let watched = Watched::new(&s);
    for jobs in ["1", "2"] {
        watched.reset();
        let (one, two) = (s.archive("b"), s.archive("a"));
        load(&s, &watched, ["--jobs", jobs, &one, &two])
            .ok()
            .stdout(&lines(&[b, a]));
        assert_eq!(watched.loads(), 1, "--jobs {jobs}");
        // Beside the random bytes, the base holds a shell.
        let layer = |layer: &String| members(&s, &watched.fed()[0])[&blob(layer)];
        let base: u64 = engine().layers(a).first().map(layer).expect("a layer");
        let bytes = watched.bytes();
        assert!(
            base > BASE && bytes > base && bytes < base + LITTLE,
            "{bytes}"
        );
        for (image, mark) in [(a, "a"), (b, "b")] {
            let marks = run(image, &["cat", "/base-mark", "/top-mark"]);
            assert_eq!(marks, Some(MARK.to_owned() + &top_mark(mark)));
        }
        forget_all(&s, &images);
    }
}

#[test]
fn archives_that_share_nothing_go_at_the_same_time_and_keep_their_order() {
    let s = Sandbox::new();
    let images = strangers(&s, &["one", "two"]);
    let watched = Watched::new(&s);
    for (jobs, loads) in [("1", 1), ("2", 2)] {
        for order in [[0, 1], [1, 0]] {
            watched.reset();
            let names = order.map(|index| images[index].trim_end_matches(":latest"));
            load(&s, &watched, ["--jobs", jobs, names[0], names[1]])
                .ok()
                .stdout(&lines(&order.map(|index| &images[index])));
            assert_eq!(watched.loads(), loads, "--jobs {jobs}");
            assert!(images.iter().all(|image| engine().has(image)));
            forget_all(&s, &images);
        }
    }
}

#[test]
fn one_damaged_archive_among_good_ones() {
    for related in [false, true] {
        let s = Sandbox::new();
        let variants = ["one", "two", "three"];
        let (images, text) = if related {
            (family(&s, &variants)[1..].to_vec(), top_mark("two"))
        } else {
            (strangers(&s, &variants), MARK.to_owned())
        };
        flip(&s, &s.archive("two"), &text);
        let paths = archives(&s, &variants);
        let mut used = 0;
        for jobs in ["1", "2"] {
            let run = |words: &[&str]| {
                let command = s.command("imgload").args(["--jobs", jobs]).args(words);
                let outcome = command.args(&paths).run();
                outcome.code(4).stderr_has(&paths[1]).stderr_has("damaged");
                assert!(!engine().has(&images[1]), "a tag was left\n{outcome}");
                outcome
            };
            let stopped = run(&[]);
            stopped.stdout(&lines(&[&images[0]]));
            assert!(engine().has(&images[0]), "{stopped}");
            forget_all(&s, &images);
            let went_on = run(&["--keep-going"]);
            went_on.stdout(&lines(&[&images[0], &images[2]]));
            assert!(engine().has(&images[2]), "{went_on}");
            forget_all(&s, &images);
            // What was not printed was not used.
            used += 1;
            let registry = s.read("image-registry.yml");
            let counts = [2 * used, 0, used].map(|count| format!("usage_count: {count}"));
            for (variant, count) in variants.iter().zip(counts) {
                let entry = registry.split("- name: ");
                let mut entry = entry.filter(|entry| entry.starts_with(&s.image(variant)));
                let entry = entry.next().expect("it is registered");
                assert!(entry.contains(&count), "{variant}: not {count} in\n{entry}");
            }
        }
    }
}

#[test]
fn damage_in_a_layer_that_archives_share_is_one_archives_damage() {
    let s = Sandbox::new();
    let variants = ["one", "two", "three"];
    let images = family(&s, &variants);
    let paths = archives(&s, &variants);
    flip(&s, &paths[0], MARK);
    let outcome = s.command("imgload").arg("--keep-going").args(&paths).run();
    outcome
        .code(4)
        .stdout(&lines(&[&images[2], &images[3]]))
        .stderr_has(&paths[0])
        .stderr_lacks(&format!("{}: ", paths[1]));
    assert!(!engine().has(&images[1]), "a tag was left\n{outcome}");
    for image in &images[2..] {
        let mark = run(image, &["cat", "/base-mark"]);
        assert_eq!(mark.as_deref(), Some(MARK), "{outcome}");
    }
}

#[test]
fn an_archive_that_is_given_twice_is_printed_twice() {
    let s = Sandbox::new();
    let images = strangers(&s, &["one", "two"]);
    let watched = Watched::new(&s);
    let words = ["one", "one", "two", "one"].map(|variant| s.archive(variant));
    let [one, two] = &images[..] else {
        panic!("two images");
    };
    load(&s, &watched, words)
        .ok()
        .stdout(&lines(&[one, one, two, one]));
    assert_eq!(watched.fed().len(), watched.loads());
    assert!((1..=2).contains(&watched.loads()), "{:?}", watched.calls());
    let registry = s.read("image-registry.yml");
    assert!(registry.contains("usage_count: 3") && registry.contains("usage_count: 1"));
}

#[test]
fn of_two_archives_that_want_one_tag_the_later_gets_it() {
    let s = Sandbox::new();
    let mut reference = String::new();
    let layers = ["old", "new"].map(|name| {
        reference = Image::new().build(&s, "base");
        let path = s.path(format!("{name}.tar"));
        let saved = engine().read(&["save", "--output", path.as_str(), &reference]);
        assert!(saved.is_some());
        let layers = engine().layers(&reference);
        s.forget(&reference);
        layers
    });
    let line = format!("{reference}\n");
    for (first, second, expected) in [
        ("old.tar", "new.tar", &layers[1]),
        ("new.tar", "old.tar", &layers[0]),
    ] {
        s.run("imgload", ["--force", first, second])
            .ok()
            .stdout(&format!("{line}{line}"));
        assert_eq!(&engine().layers(&reference), expected);
        s.forget(&reference);
    }
    s.run("imgload", ["old.tar", "new.tar"])
        .code(1)
        .stdout(&line)
        .stderr_has("another image")
        .stderr_has("new.tar");
    assert_eq!(&engine().layers(&reference), &layers[0]);
}

#[test]
fn every_use_is_counted() {
    let s = Sandbox::new();
    let images = strangers(&s, &["one", "two", "three"]);
    let counts = |count: usize| {
        let line = format!("usage_count: {count}\n");
        s.read("image-registry.yml").matches(&line).count()
    };
    s.run("imgload", ["one", "two", "three"].map(|name| s.image(name)))
        .ok();
    assert_eq!((counts(0), counts(1)), (0, 3));
    s.run("imgload", [s.image("two"), s.image("two")])
        .ok()
        .stdout(&lines(&[&images[1], &images[1]]));
    assert_eq!((counts(1), counts(3)), (2, 1));
}

#[test]
fn a_pipe_gets_lines_and_nothing_that_moves_the_cursor() {
    let s = Sandbox::new();
    let image = &family(&s, &[])[0];
    for words in [
        &[][..],
        &["--progress", "plain"],
        &["--progress", "none"],
        &["--progress", "auto"],
        &["--verbose"],
        &["--quiet"],
    ] {
        let outcomes = [
            s.command("imgload")
                .args(words)
                .arg(s.archive("base"))
                .run(),
            s.command("imgsave").args(words).arg(image).run(),
        ];
        for outcome in outcomes {
            outcome.ok();
            let strange = |c: char| c.is_control() && c != '\n';
            assert!(!outcome.stderr.contains(strange), "{outcome}");
            assert!(!outcome.stderr.contains(" left"), "{outcome}");
            if words.contains(&"--quiet") {
                outcome.silent();
            }
        }
        std::fs::remove_file(s.path(s.archive("base"))).expect("the archive is there");
        s.run("imgsave", ["--quiet", image]).ok().silent();
        s.forget(image);
    }
    s.run("imgload", ["--progress", "fast", &s.archive("base")])
        .code(2)
        .stdout("");
}

#[test]
fn plain_progress_says_how_far_it_is() {
    let s = Sandbox::new();
    let image = &family(&s, &[])[0];
    let slow = format!(
        "[ \"$1\" = load ] && sleep 6\nexec '{}' \"$@\"\n",
        engine().program()
    );
    let slow = s.script("slow-engine", &slow);
    for (style, said) in [("plain", true), ("none", false)] {
        let words = ["--engine", slow.as_str(), "--progress", style];
        let outcome = s
            .command("imgload")
            .args(words)
            .arg(s.archive("base"))
            .run();
        outcome.ok();
        let line = |line: &str| line.starts_with("imgload: ") && line.ends_with(" s left");
        assert_eq!(outcome.stderr.lines().any(line), said, "{style}: {outcome}");
        assert!(!outcome.stderr.contains(['\r', '\u{1b}']), "{outcome}");
        s.forget(image);
    }
}
