//! Several archives at once.

use super::*;

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
        // Besides the random bytes, the base contains a shell.
        let base = members(&s, &watched.fed()[0])[&blobs(&s, "a")[0]];
        let bytes = watched.bytes();
        assert!(
            base > BASE && bytes > base && bytes < base + LITTLE,
            "{bytes}"
        );
        for (image, mark) in [(a, "a"), (b, "b")] {
            let marks = run(image, &["cat", "/base-mark", "/top-mark"]);
            assert_eq!(marks, Some(MARK.to_owned() + &top_mark(mark)));
        }
        s.forget_all(&images);
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
            s.forget_all(&images);
        }
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
        engine().save(&[&reference], &path);
        let layers = engine().layers(&reference);
        s.forget(&reference);
        layers
    });
    let line = format!("{}\n", engine().name_in_archives(&reference));
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

/// An archive that is sent together with a failing one, and comes after it, is neither printed nor counted.
#[test]
fn what_comes_after_a_failure_is_not_counted() {
    let s = Sandbox::new();
    strangers(&s, &["one", "two"]);
    // The first one's stream is identified by the content of its layer.
    let layers = archive::Archive::open(&s.path(s.archive("one"))).expect("an archive");
    let layer = layers.images()[0].config.diff_ids[0].hex();
    let fails = format!(
        "if grep -q {layer} \"$fed\"; then sleep 2; echo 'no room' >&2; exit 1; fi; pass \"$@\""
    );
    let watched = Watched::spoiled(&s, &fails);
    let names = [s.image("one"), s.image("two")];
    let words = ["--jobs", "2", &names[0], &names[1]];
    load(&s, &watched, words).fails("imgload", 5, "failed");
    // A containerd store may have continued with an earlier stream: then one more is sent.
    let more = usize::from(engine().is_containerd());
    assert_eq!(watched.loads(), 2 + more);
    let registry = s.read("image-registry.yml");
    assert_eq!(registry.matches("usage_count: 0").count(), 2, "{registry}");
    let words = [&["--keep-going"][..], &words].concat();
    load(&s, &watched, words).code(5);
    let registry = s.read("image-registry.yml");
    assert_eq!(registry.matches("usage_count: 1").count(), 1, "{registry}");
}
