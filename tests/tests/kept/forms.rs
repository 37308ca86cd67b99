//! A conversion of an archive changes nothing but its form.

use pipeline_tests::Image;
use pipeline_tests::engine;

use super::*;

/// Keys of an entry, by imgpipe and by people.
const KEYS: &str = "    last_used: 2026-01-02T03:04:05Z
    usage_count: 7
    created: 2025-01-02T03:04:05Z
    aliases: [example.com/x:1]
    requested: {packages: [zlib1g-dev], tools: [cmake]}
    fingerprint: sha256:1111111111111111111111111111111111111111111111111111111111111111
    build_seconds: 12.5
    built_because: new
    inputs: ['one', 'two']
    base: BASE
    remote: registry.example:5000/ci/x@sha256:2222222222222222222222222222222222222222222222222222222222222222
    pinned: true
    x-note: 'ours'   # a comment
    compilers: [gcc-12]
    packages: [libssl-dev]   # by hand
    tools: [ninja]
    variants: [asan]
";

/// Gives the entry of `top` all keys.
fn say_all(s: &Sandbox) {
    let text = s.read("image-registry.yml");
    let start = text.find(&format!("  - name: {}\n", s.image("top")));
    let (others, top) = text.split_at(start.expect("top is registered"));
    let keys = KEYS.replace("BASE", &s.image("middle"));
    let said = |line: &str| keys.lines().any(|other| key(other) == key(line));
    let own = top.lines().filter(|line| !said(line));
    let own: String = own.flat_map(|line| [line, "\n"]).collect();
    s.write("image-registry.yml", format!("{others}{own}{keys}"));
}

fn key(line: &str) -> &str {
    line.trim().split(':').next().unwrap_or_default()
}

/// The lines of the registry except those of the archive's form.
fn lines(s: &Sandbox) -> Vec<String> {
    let text = s.read("image-registry.yml");
    let is_form = |line: &&str| ["size_mb", "manifest", "thin"].contains(&key(line));
    let lines = text.lines().filter(|line| !is_form(line));
    lines.map(str::to_owned).collect()
}

#[test]
fn everything_that_an_entry_says_stays() {
    let chain = Chain::new();
    let s = &chain.s;
    say_all(s);
    let before = lines(s);
    let (top, path) = (s.image("top"), s.archive("top"));
    for words in [
        &["--full", &*top][..],
        &["--full", "--compress", "zstd", &top],
        &["--compress", "gzip", &path],
        &["--thin", "--base", &s.image("middle"), &path],
        &[
            "--thin",
            "--base",
            &s.image("middle"),
            "--compress",
            "zstd",
            &path,
        ],
        &["--name", &top, "--compress", "none", &path],
    ] {
        let archive = s.read_bytes(&path);
        s.run("imgsave", words).ok().stdout(&format!("{path}\n"));
        assert!(archive != s.read_bytes(&path), "{words:?}: nothing changed");
        assert_eq!(lines(s), before, "{words:?}");
        whole(s);
    }
}

#[test]
fn an_entry_that_does_not_name_its_image_is_completed() {
    let chain = Chain::new();
    let s = &chain.s;
    say_all(s);
    let text = s.read("image-registry.yml");
    let is_id = |line: &&str| !["image_id", "digest"].contains(&key(line));
    let text: String = text
        .lines()
        .filter(is_id)
        .flat_map(|line| [line, "\n"])
        .collect();
    s.write("image-registry.yml", text);
    let before = lines(s);
    s.run("imgsave", ["--full", &s.image("top")]).ok();
    let mut after = lines(s);
    after.retain(|line| key(line) != "image_id");
    assert_eq!(after, before);
}

#[test]
fn an_image_of_the_store_changes_its_form_without_being_in_the_engine() {
    let s = Sandbox::new();
    let image = Image::new().build(&s, "base");
    s.run("imgsave", [&image]).ok();
    s.forget(&image);
    let name = s.image("base");
    s.run("imgsave", ["--compress", "zstd", &name])
        .ok()
        .stdout(&format!("{}\n", s.archive("base")));
    assert!(s.read(&s.archive("base")).contains("tar+zstd"));
    whole(&s);
    // An image in neither the store nor the engine does not exist.
    s.run("imgsave", ["--compress", "zstd", &s.image("none")])
        .fails("imgsave", 5, "the engine holds no such image");
    assert!(!engine().has(&image));
}

#[test]
fn thin_on_another_base_is_another_form() {
    let chain = Chain::new();
    let s = &chain.s;
    let path = s.archive("top");
    let on = |base: &str| {
        let words = ["--json", "--thin", "--base", &s.image(base), &path];
        s.run("imgsave", words).ok().json()[0]["written"].clone()
    };
    assert_eq!(on("middle"), false);
    assert_eq!(on("base"), true);
    assert!(
        s.read("image-registry.yml")
            .ends_with(&format!("base: {}\n    thin: true\n", s.image("base")))
    );
    whole(s);
}

#[test]
fn a_thin_archive_stays_thin_on_its_base_unless_it_is_made_whole() {
    let chain = Chain::new();
    let s = &chain.s;
    let (top, path) = (s.image("top"), s.archive("top"));
    let is_thin = || s.read_bytes(&path).len() < LITTLE;
    let base = format!("base: {}\n    thin: true\n", s.image("middle"));
    for (words, written) in [
        (&["--compress", "zstd", &*path][..], true),
        (&["--compress", "gzip", &path], true),
        (&["--name", &top, "--compress", "none", &path], true),
        (&["--name", &top, &path], false),
        (&["--thin", &path], false),
    ] {
        let saved = s.command("imgsave").arg("--json").args(words).run();
        assert_eq!(saved.ok().json()[0]["written"].as_bool(), Some(written));
        assert!(is_thin(), "{words:?}");
        assert!(s.read("image-registry.yml").ends_with(&base), "{words:?}");
        whole(s);
    }
    // It cannot be thin on a base that has more layers now.
    chain.replace("middle", &on(&chain.middle), &[]).ok();
    s.run("imgsave", ["--compress", "zstd", &path])
        .ok()
        .stderr_has("is no longer thin, because its base");
    whole(s);
    // Another image of that name is whole, as requested.
    chain.save("top", &on(&chain.base), &["--thin", "base"]);
    chain.replace("top", &chain.middle, &[]).ok();
    assert!(s.read_bytes(&path).len() > BASE);
    chain.save("other", &on(&chain.base), &["--thin", "base"]);
    let other = s.archive("other");
    s.run("imgsave", ["--name", &s.image("copy"), &other]).ok();
    assert!(s.read_bytes(&s.archive("copy")).len() > BASE);
    whole(s);
}

#[test]
fn a_base_and_a_stored_image_go_by_name_tag_or_path() {
    let chain = Chain::new();
    let s = &chain.s;
    let (top, middle) = (s.image("top"), s.image("middle"));
    let path = s.archive("top");
    let ways = |variant: &str| {
        let name = s.image(variant);
        [format!("{name}:latest"), s.archive(variant), name]
    };
    for (way, base) in ways("top").iter().zip(ways("middle")) {
        s.run("imgsave", ["--full", way]).ok();
        assert!(s.read_bytes(&path).len() > BASE, "{way}");
        s.run(
            "imgsave",
            ["--thin", "--base", &base, "--name", &top, &path],
        )
        .ok();
        assert!(s.read_bytes(&path).len() < LITTLE, "{base}");
        assert_eq!(s.read("image-registry.yml").matches(&middle).count(), 4);
        whole(s);
    }
}
