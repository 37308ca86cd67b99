//! `imgload`: loaded and refused archives.

#![expect(clippy::unwrap_used, reason = "in tests, and in what they share")]

use pipeline_tests::{Image, Sandbox, engine};

/// Content that is only in the image of [`stored`], to be found in its archive.
const MARK: &str = "a line that is in the image and nowhere else";

/// Saves an image and removes it from the engine. Returns its reference.
fn stored(s: &Sandbox, variant: &str) -> String {
    let reference = Image::new().file("etc/motd", MARK).build(s, variant);
    s.run("imgsave", [&reference])
        .ok()
        .stdout(&format!("{}\n", s.archive(variant)));
    s.forget(&reference);
    reference
}

#[test]
fn brings_a_registered_image_and_counts_the_use() {
    let s = Sandbox::new();
    let reference = stored(&s, "base");
    let id = s
        .run("imgload", [s.archive("base")])
        .ok()
        .stdout(&format!("{reference}\n"))
        .clone();
    assert!(engine().has(&reference), "{id}");
    let registry = s.read("image-registry.yml");
    assert!(registry.contains("usage_count: 1"), "{registry}");

    // By its name, from stdin, and while it is loaded: the same output.
    s.command("imgload")
        .input(s.image("base") + "\n")
        .run()
        .ok()
        .stdout(&format!("{reference}\n"));
    assert!(s.read("image-registry.yml").contains("usage_count: 2"));
    s.run("imgload", ["--no-record", &s.archive("base")]).ok();
    assert!(s.read("image-registry.yml").contains("usage_count: 2"));
}

#[test]
fn a_runner_is_mapped_for_act() {
    let s = Sandbox::new();
    let reference = stored(&s, "base");
    let mapping = format!("-P ubuntu-latest={reference}");
    let words = ["--act", "ubuntu-latest", &s.archive("base")];
    s.run("imgload", words).ok().stdout(&format!("{mapping}\n"));
    let object = &s.command("imgload").arg("--json").args(words).run();
    let object = &object.ok().json()[0];
    assert_eq!(object["act"], mapping);
    assert_eq!(object["reference"], reference);
    let unasked = s.run("imgload", ["--json", &s.archive("base")]);
    assert!(unasked.ok().json()[0]["act"].is_null(), "{unasked}");
    // Each image once; a second image of a runner causes a warning.
    let other = stored(&s, "other");
    let archives = [&s.archive("base"), &s.archive("base"), &s.archive("other")];
    let several = s
        .command("imgload")
        .args(["--act", "ubuntu-latest"])
        .args(archives)
        .run();
    let lines = format!("{mapping}\n-P ubuntu-latest={other}\n");
    several.ok().stdout(&lines).stderr_has(&format!(
        "warning: act accepts one image per runner; ubuntu-latest already has `{reference}`"
    ));
    for runner in ["a runner", ""] {
        s.run("imgload", ["--act", runner, &s.archive("base")])
            .fails("imgload", 2, "a runner label must be one word");
    }
}

#[test]
fn what_comes_back_is_what_was_saved() {
    let s = Sandbox::new();
    let image = Image::new()
        .file("etc/motd", MARK)
        .layer()
        .file("etc/motd", "newer")
        .build(&s, "base");
    let before = engine().id(&image);
    s.run("imgsave", [&image]).ok();
    s.forget(&image);
    s.run("imgload", [s.archive("base")]).ok();
    assert_eq!(engine().id(&image), before);
}

/// A way to damage an archive: its name, the function, and the expected message.
type Fault = (&'static str, fn(&Sandbox, &str), &'static str);

const FAULTS: [Fault; 9] = [
    (
        "missing",
        |s, path| std::fs::remove_file(s.path(path)).unwrap(),
        "no such file",
    ),
    (
        "truncated in a layer",
        |s, path| truncate(s, path, |s, path| s.place(path, MARK)),
        "truncated",
    ),
    (
        "truncated at the start",
        |s, path| truncate(s, path, |_, _| 100),
        "",
    ),
    (
        "a byte flipped in a layer",
        |s, path| s.flip(path, MARK),
        "damaged",
    ),
    (
        "a tar without a manifest",
        |s, path| tar_of_one_file(s, path),
        "manifest",
    ),
    (
        "a text file",
        |s, path| drop(s.write(path, "not a tar at all\n".repeat(1000))),
        "text",
    ),
    ("an empty file", |s, path| drop(s.write(path, "")), "empty"),
    (
        "a Git LFS pointer",
        |s, path| drop(s.write(path, POINTER)),
        "Git LFS pointer",
    ),
    ("another image's archive", put_another, "registered as"),
];

const POINTER: &str = "version https://git-lfs.github.com/spec/v1\n\
    oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";

#[test]
fn refuses_what_is_damaged_each_with_its_own_message() {
    let s = Sandbox::new();
    let reference = stored(&s, "base");
    let path = s.archive("base");
    let good = s.read_bytes(&path);
    let mut messages = Vec::new();
    for (name, spoil, text) in FAULTS {
        s.write(&path, &good);
        spoil(&s, &path);
        let outcome = s.run("imgload", [&path]);
        outcome.fails("imgload", 4, text).stderr_has(&path);
        assert!(
            !engine().has(&reference),
            "{name}: a tag was left\n{outcome}"
        );
        assert!(
            s.read("image-registry.yml").contains("usage_count: 0"),
            "{name}: counted\n{outcome}"
        );
        messages.push(outcome.stderr.lines().next().unwrap_or_default().to_owned());
    }
    messages.sort();
    let all = messages.len();
    messages.dedup();
    assert_eq!(messages.len(), all, "some faults read alike: {messages:#?}");

    s.write(&path, good);
    s.run("imgload", [&path]).ok();
}

/// If the engine has the image under its tag, a damaged archive neither counts as it nor takes the tag.
#[test]
fn a_damaged_archive_leaves_an_earlier_image_alone() {
    let s = Sandbox::new();
    let earlier = Image::new().build(&s, "base");
    let id = engine().id(&earlier);
    s.run(
        "imgsave",
        [
            "--name",
            &s.image("copy"),
            &Image::new().file("etc/motd", MARK).build(&s, "source"),
        ],
    )
    .ok();
    let copy = format!("{}:latest", s.image("copy"));
    assert!(engine().read(&["tag", &earlier, &copy]).is_some());
    s.flip(&s.archive("copy"), MARK);
    s.forget(&format!("{}:latest", s.image("source")));
    s.run("imgload", [s.archive("copy")])
        .fails("imgload", 4, "damaged");
    assert_eq!(engine().id(&copy), id, "the tag moved");
}

#[test]
fn compressed_archives_load_too() {
    let s = Sandbox::new();
    let reference = stored(&s, "base");
    let path = s.archive("base");
    let packed = s.run("gzip", ["--keep", "--stdout", "--fast", &path]);
    packed.code(0);
    assert!(
        std::process::Command::new("gzip")
            .arg(s.path(&path))
            .status()
            .unwrap()
            .success()
    );
    s.run("imgload", [format!("{path}.gz")])
        .ok()
        .stdout(&format!("{reference}\n"));
    assert!(engine().has(&reference));
}

#[test]
fn an_unregistered_archive_takes_a_tag_only_by_force() {
    let s = Sandbox::new();
    let reference = Image::new().build(&s, "base");
    let old = engine().id(&reference);
    engine().save(&[&reference], &s.path("other.tar"));
    s.forget(&reference);
    let newer = Image::new().build(&s, "base");
    let new = engine().id(&newer);

    s.run("imgload", ["other.tar"])
        .fails("imgload", 1, "another image")
        .stderr_has("--force");
    assert_eq!(engine().id(&reference), new);
    let name = engine().name_in_archives(&reference);
    s.run("imgload", ["--force", "other.tar"])
        .ok()
        .stdout(&format!("{name}\n"));
    assert_eq!(engine().id(&reference), old);
}

#[test]
fn stops_at_the_first_failure_unless_told_to_go_on() {
    let s = Sandbox::new();
    let reference = stored(&s, "base");
    let words = ["missing.tar", &s.archive("base")];
    s.run("imgload", words).fails("imgload", 4, "missing.tar");
    assert!(!engine().has(&reference));
    s.command("imgload")
        .arg("--keep-going")
        .args(words)
        .run()
        .code(4)
        .stdout(&format!("{reference}\n"));
    assert!(engine().has(&reference));
}

fn truncate(s: &Sandbox, path: &str, at: fn(&Sandbox, &str) -> usize) {
    let bytes = s.read_bytes(path);
    s.write(path, &bytes[..at(s, path)]);
}

fn tar_of_one_file(s: &Sandbox, path: &str) {
    s.write("hello.txt", "hello");
    s.run("tar", ["--create", "--file", path, "hello.txt"]).ok();
}

fn put_another(s: &Sandbox, path: &str) {
    let other = Image::new().build(s, "other");
    engine().save(&[&other], &s.path(path));
    s.forget(&other);
}

#[test]
fn an_archive_that_is_just_being_replaced_is_waited_for() {
    let s = Sandbox::new();
    let reference = stored(&s, "base");
    let old = s.read("image-registry.yml");
    stored(&s, "base");
    let new = s.read("image-registry.yml");
    // The archive is already the new one, and its entry is written while the lock is held.
    s.write("image-registry.yml", old);
    s.write("new.yml", new);
    let name = s.image("base");
    s.sh(&format!(
        "exec 9>images/.imgpipe/registry.lock; flock 9\n\
         imgload {name} >out 9>&- & sleep 1; cp new.yml image-registry.yml; flock -u 9; wait $!"
    ))
    .ok();
    assert_eq!(s.read("out"), format!("{reference}\n"));
    assert!(engine().has(&reference));
}
