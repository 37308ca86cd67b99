//! Which images a limit removes, and the messages.

use super::*;

#[test]
fn the_least_recently_used_go_first() {
    let s = Sandbox::without_engine();
    three(&s);
    let dry = prune(&s, ["--max-size", "350kB", "--dry-run"]);
    dry.ok().stdout(&paths(&s, &["a", "b"]));
    dry.stderr_has("before 600 kB in 3 images, would free 300 kB, after 300 kB in 1 image; ");
    assert_eq!(there(&s), ["a", "b", "c"]);
    let real = prune(&s, ["--max-size", "350kB"]);
    real.ok().stdout(&dry.stdout);
    assert_eq!(there(&s), ["c"]);
    let registry = s.read("image-registry.yml");
    assert!(registry.contains("# kept by people\n") && registry.contains("}  # c\n"));
    prune(&s, ["--max-size", "350kB"]).ok().stdout("");
}

#[test]
fn every_figure_is_there_for_scripts() {
    let s = Sandbox::without_engine();
    three(&s);
    let limits = ["--json", "--max-size", "0", "--keep", "*-c"];
    let foreseen = prune(&s, limits.into_iter().chain(["--dry-run"]))
        .code(6)
        .stdout
        .clone();
    let found = prune(&s, limits.into_iter().chain(["--summary"]));
    let found = found.code(6);
    assert!(found.stdout.starts_with(&foreseen), "{foreseen}{found}");
    assert_eq!(foreseen.lines().count(), 2);
    let found = found.json();
    assert_eq!(found.len(), 3, "{found:?}");
    assert_eq!(found[0]["name"], s.image("a"));
    assert_eq!(found[0]["path"], s.archive("a"));
    assert_eq!(found[0]["size"], 100_000);
    assert!(
        found[0]["reasons"][0]
            .as_str()
            .unwrap()
            .starts_with("the store exceeds 0 B")
    );
    let summary = &found[2]["summary"];
    assert_eq!(summary["before"]["bytes"], 600_000);
    assert_eq!(summary["freed"], 300_000);
    assert_eq!(summary["after"]["images"], 1);
    assert!(summary["free"].as_u64().unwrap() > 0);
    assert_eq!(summary["kept"][0]["why"][0], "kept by --keep *-c");
    assert_eq!(summary["unmet"][0]["held_by"][0], s.image("c"));
}

#[test]
fn the_last_of_each_group_stay() {
    let s = Sandbox::without_engine();
    three(&s);
    let dry = |words: &[&str]| {
        let words = ["--dry-run", "--keep-last"].iter().chain(words).copied();
        prune(&s, words).ok().stdout.clone()
    };
    assert_eq!(dry(&["1"]), paths(&s, &["a", "b"]));
    assert_eq!(dry(&["2", "--per", "project"]), paths(&s, &["a"]));
    assert_eq!(dry(&["1", "--per", "os"]), paths(&s, &["a", "b"]));
    assert_eq!(dry(&["1", "--per", "*-[ab]"]), paths(&s, &["a"]));
    assert_eq!(
        dry(&["0", "--per", "*-a", "--per", "*-c"]),
        paths(&s, &["a", "c"])
    );
    prune(&s, ["--per", "os", "--max-size", "1B"]).fails("imgprune", 2, "`--per`");
    prune(&s, ["--keep-last", "1", "--per", "["]).fails("imgprune", 2, "is not a valid pattern");
}

#[test]
fn age_is_since_the_last_use_or_else_since_it_was_made() {
    let s = Sandbox::without_engine();
    stored(
        &s,
        &[
            ("a", 1, "created: 2024-01-01T00:00:00Z, last_used: null"),
            (
                "b",
                1,
                "created: 2024-01-01T00:00:00Z, last_used: 2999-01-01T00:00:00Z",
            ),
            ("c", 1, "size_mb: 1"),
        ],
    );
    // The clock went back after b was used; c has no creation time, but its file is new.
    let pruned = prune(&s, ["--max-age", "365d"]);
    pruned.ok().stdout(&paths(&s, &["a"]));
    let ahead = format!("{}: `last_used` is in the future", s.image("b"));
    pruned.stderr_has(&ahead);
    assert_eq!(there(&s), ["b", "c"]);
}

#[test]
fn what_a_person_keeps_is_exempt_from_limits_on_each_image() {
    let s = Sandbox::without_engine();
    let base = s.image("base");
    let old = "created: 2024-01-01T00:00:00Z";
    stored(
        &s,
        &[
            ("base", 5, old),
            (
                "top",
                1,
                &format!("{old}, pinned: true, thin: true, base: {base}"),
            ),
            ("a", 1, old),
            ("b", 1, old),
        ],
    );
    let nightly = [
        "--max-age",
        "30d",
        "--keep-last",
        "0",
        "--keep",
        "*-a",
        "-v",
    ];
    let pruned = prune(&s, nightly);
    pruned.ok().stdout(&paths(&s, &["b"]));
    pruned.stderr_has(&format!("{}: kept: pinned", s.image("top")));
    pruned.stderr_has(&format!("{}: kept: kept by --keep *-a", s.image("a")));
    pruned.stderr_has(&format!("{base}: kept: base of {}", s.image("top")));
    assert_eq!(there(&s), ["a", "base", "top"]);
    // Their bytes count nevertheless.
    for room in [["--max-size", "1kB"], ["--min-free", "1PB"]] {
        prune(&s, room.into_iter().chain(["--keep", "*-a"]))
            .code(6)
            .stderr_has(&format!("{} (pinned)", s.image("top")));
    }
}

#[test]
fn it_never_removes_by_surprise() {
    let s = Sandbox::without_engine();
    prune(&s, ["--max-size", "1B"]).fails("imgprune", 3, "there is no registry");
    three(&s);
    prune(&s, []).fails("imgprune", 2, "no limit given");
    s.write(
        ".localci.yml",
        "images: {cleanup: {enabled: false, max_size_gb: 0}}",
    );
    prune(&s, [])
        .fails("imgprune", 2, "no limit")
        .stderr_has(".localci.yml:1:29");
    for (words, text) in [
        (["--max-size", "lots"], "is not a size"),
        (["--max-size", "-1GB"], "-1"),
        (["--max-size", "50"], "`50` has no unit: use 50GB"),
        (["--min-free", "1.5"], "`1.5` has no unit: use 1.5GB"),
        (["--max-age", "30"], "`30` has no unit: use 30d"),
        (["--max-age", "1y"], "is not a duration"),
        (["--keep-last", "1.5"], "--keep-last"),
    ] {
        prune(&s, words).fails("imgprune", 2, text);
    }
    let both = ["--keep-last", "1", "--per", "project", "--per", "os"];
    prune(&s, both).fails("imgprune", 2, "cannot be combined with other groups");
    prune(&s, ["-n", "--keep", "typo-*", "--max-size", "1GB"])
        .ok()
        .stderr_has("no image name matches `typo-*`");
    assert_eq!(there(&s), ["a", "b", "c"]);
}
