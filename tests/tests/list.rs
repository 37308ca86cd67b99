//! `imgls`: what it shows, what its check finds, and what it pins.

#![expect(clippy::expect_used, reason = "in tests, and in what they share")]

use pipeline_tests::{Image, Outcome, Sandbox, Watched, engine};
use serde_json::json;

/// Content of the base alone, to be found in its archive.
const MARK: &str = "a line of the base and of nothing else";
/// The bytes of the base, which is much more than what stands on it.
const BASE: u64 = 300_000;

const POINTER: &str = "version https://git-lfs.github.com/spec/v1\n\
    oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";

/// What a line of a pipe holds.
struct Line {
    name: String,
    path: String,
    size: String,
    shared: String,
    last_used: String,
    uses: String,
    loaded: String,
    leased: String,
    pinned: String,
    state: String,
}

fn lines(outcome: &Outcome) -> Vec<Line> {
    let line = |line: &str| {
        let fields: [String; 10] = line
            .split('\t')
            .map(str::to_owned)
            .collect::<Vec<_>>()
            .try_into()
            .unwrap_or_else(|_| panic!("not ten fields\n{outcome}"));
        let [
            name,
            path,
            size,
            shared,
            last_used,
            uses,
            loaded,
            leased,
            pinned,
            state,
        ] = fields;
        Line {
            name,
            path,
            size,
            shared,
            last_used,
            uses,
            loaded,
            leased,
            pinned,
            state,
        }
    };
    outcome.stdout.lines().map(line).collect()
}

/// Name without its common part, and state, of each line.
fn states<'a>(s: &Sandbox, lines: &'a [Line]) -> Vec<(&'a str, &'a str)> {
    let common = s.image("");
    let short = |line: &'a Line| line.name.strip_prefix(&common).unwrap_or(&line.name);
    lines
        .iter()
        .map(|line| (short(line), line.state.as_str()))
        .collect()
}

/// A base in the store and in the engine.
fn base(s: &Sandbox) -> String {
    let image = Image::new()
        .random("data", usize::try_from(BASE).expect("a small number"))
        .file("base-mark", MARK);
    let reference = image.build(s, "base");
    s.run("imgsave", [&reference]).ok();
    reference
}

/// An image on it, saved with these flags.
fn on(s: &Sandbox, base: &str, variant: &str, flags: &[&str]) -> String {
    let reference = Image::on(base).build(s, variant);
    s.command("imgsave").args(flags).arg(&reference).run().ok();
    reference
}

fn size(s: &Sandbox, variant: &str) -> u64 {
    s.read_bytes(&s.archive(variant)).len() as u64
}

#[test]
fn a_pipe_gets_a_line_an_image() {
    let s = Sandbox::new();
    let base = base(&s);
    on(&s, &base, "top", &[]);
    s.run("imgload", ["--no-lease", &s.archive("top")]).ok();
    s.forget(&base);

    let outcome = s.run("imgls", [""; 0]);
    outcome.ok().silent();
    let lines = lines(&outcome);
    assert_eq!(states(&s, &lines), [("base", "ok"), ("top", "ok")]);
    for (line, variant) in lines.iter().zip(["base", "top"]) {
        assert_eq!(line.path, s.archive(variant));
        assert_eq!(line.size, size(&s, variant).to_string());
        assert_eq!((line.leased.as_str(), line.pinned.as_str()), ("-", "no"));
    }
    let used = |line: &Line| (line.loaded.clone(), line.uses.clone());
    assert_eq!(used(&lines[0]), ("no".into(), "0".into()), "{outcome}");
    assert_eq!(used(&lines[1]), ("yes".into(), "1".into()), "{outcome}");
    assert_eq!(lines[0].last_used, "-");
    let registry = s.read("image-registry.yml");
    assert!(
        registry.contains(&format!("last_used: {}", lines[1].last_used)),
        "{registry}"
    );

    // Names choose, and their order is kept; paths and tags are names too.
    for [first, second] in [
        [s.image("top"), s.image("base")],
        [s.archive("top"), base.clone()],
    ] {
        let chosen = s.run("imgls", ["--no-engine", &first, &second]);
        let all: Vec<_> = chosen.ok().stdout.lines().collect();
        assert!(all[0].starts_with(&s.image("top")), "{chosen}");
        assert!(all[1].starts_with(&s.image("base")), "{chosen}");
        assert!(
            all[0].contains("\t-\t-\tno\tok"),
            "nobody was asked\n{chosen}"
        );
    }
    let from_stdin = s
        .command("imgls")
        .args(["--no-engine", "-0", "-"])
        .input(format!("{}\0", s.image("top")))
        .run();
    assert_eq!(from_stdin.ok().stdout.matches('\0').count(), 1);
}

#[test]
fn json_has_the_entry_and_what_was_found() {
    let s = Sandbox::new();
    let base = base(&s);
    on(&s, &base, "top", &["--thin", "--base", &s.image("base")]);
    let objects = s.run("imgls", ["--json"]).ok().json();
    let top = &objects[1];
    for (key, value) in [
        ("name", json!(s.image("top"))),
        ("path", json!(s.archive("top"))),
        ("size", json!(size(&s, "top"))),
        ("base", json!(s.image("base"))),
        ("thin", json!(true)),
        ("layers", json!(2)),
        ("loaded", json!(true)),
        ("leased", json!([])),
        ("pinned", json!(false)),
        ("usage_count", json!(0)),
        ("state", json!("ok")),
        ("problems", json!([])),
    ] {
        assert_eq!(top[key], value, "{key} of {top}");
    }
    let unasked = s.run("imgls", ["--json", "--no-engine"]).ok().json();
    assert_eq!(unasked[0]["loaded"], json!(null));

    s.write(&s.archive("top"), POINTER);
    let object = &s.run("imgls", ["--json", &s.image("top")]).ok().json()[0];
    assert_eq!(
        (&object["state"], &object["layers"], &object["shared_bytes"]),
        (&json!("unreadable"), &json!(null), &json!(null))
    );
    let problem = object["problems"][0].as_str().unwrap_or_default();
    assert!(problem.contains("Git LFS pointer"), "{object}");
}

#[test]
fn bytes_on_one_base_are_shared() {
    let s = Sandbox::new();
    let base = base(&s);
    on(&s, &base, "whole", &[]);
    on(&s, &base, "thin", &["--thin", "--base", &s.image("base")]);
    let alone = Image::new().build(&s, "alone");
    s.run("imgsave", [&alone]).ok();

    let lines = lines(s.run("imgls", [""; 0]).ok());
    let shared: Vec<u64> = lines
        .iter()
        .map(|line| line.shared.parse().expect("a number"))
        .collect();
    // All of the base, which has one layer; of the others the base alone, whether or not they hold it.
    assert!(
        shared[0] > BASE && shared[0] < size(&s, "base"),
        "{shared:?}"
    );
    assert_eq!(shared, [shared[0], shared[0], shared[0], 0]);
    assert!(size(&s, "thin") < shared[0]);
}

#[test]
fn all_of_an_image_is_shown_where_it_is_asked_for() {
    let s = Sandbox::new();
    let base = base(&s);
    on(
        &s,
        &base,
        "top",
        &["--thin", "--base", &s.image("base"), "--compress", "zstd"],
    );
    let outcome = s.run("imgls", ["--long", &s.image("base"), &s.image("top")]);
    let (first, second) = outcome.ok().stdout.split_once("\n\n").expect("two");
    for line in [
        format!("name: {}", s.image("base")),
        format!("archive: {}", s.archive("base")),
        format!("tag: {base}"),
        "os: debian:12".into(),
        "packages: -".into(),
        "last used: never".into(),
        "thin: no".into(),
        "loaded: yes".into(),
        "state: ok".into(),
    ] {
        assert!(
            first.lines().any(|other| other == line),
            "{line}\n{outcome}"
        );
    }
    let layers: Vec<_> = second
        .lines()
        .filter(|line| line.starts_with("layer: "))
        .collect();
    let also_in = format!(", left to the base, also in {}", s.image("base"));
    assert!(layers[0].ends_with(&also_in), "{outcome}");
    assert!(layers[1].ends_with(" zstd"), "{outcome}");
}

#[test]
fn the_engine_is_asked_once_and_need_not_answer() {
    let s = Sandbox::new();
    let base = base(&s);
    let top = on(&s, &base, "top", &[]);
    let watched = Watched::new(&s);
    let loaded = |flags: &[&str]| {
        let outcome = s.command("imgls").args(flags).run();
        let lines = lines(outcome.ok());
        lines
            .into_iter()
            .map(|line| line.loaded)
            .collect::<Vec<_>>()
    };
    assert_eq!(loaded(&["--engine", watched.program()]), ["yes", "yes"]);
    if !engine().is_containerd() {
        assert_eq!(watched.calls(), ["image inspect"]);
    }
    // Another image under the tag is not the registered one.
    engine()
        .read(&["tag", &base, &top])
        .expect("the engine tags");
    assert_eq!(loaded(&[]), ["yes", "no"]);
    assert_eq!(loaded(&["--engine", "/nonexistent"]), ["-", "-"]);
    s.run("imgls", ["--engine", "/nonexistent"]).ok().silent();
    s.run("imgls", ["--engine", "/nonexistent", "-v"])
        .ok()
        .stderr_has("was not found");
}

/// A way to spoil an archive: what does it, the state that a look and a check find, and what is said of it.
type Fault = (fn(&Sandbox, &str), &'static str, &'static str, &'static str);

const FAULTS: [Fault; 6] = [
    (
        |s, path| std::fs::remove_file(s.path(path)).expect("it was there"),
        "missing",
        "missing",
        "no such file",
    ),
    (
        |s, path| drop(s.write(path, &s.read_bytes(path)[..BASE as usize])),
        "unreadable",
        "damaged",
        "is truncated",
    ),
    (flip, "ok", "damaged", "is damaged: expected"),
    (
        |s, path| drop(s.write(path, POINTER)),
        "unreadable",
        "lfs pointer",
        "Git LFS pointer",
    ),
    (
        |s, path| drop(s.write(path, "not a tar at all\n".repeat(1000))),
        "unreadable",
        "damaged",
        "is a text file",
    ),
    (
        |s, path| drop(s.write(path, s.read_bytes(&s.archive("other")))),
        "replaced",
        "replaced",
        "is registered as",
    ),
];

fn flip(s: &Sandbox, path: &str) {
    let mut bytes = s.read_bytes(path);
    let at = bytes
        .windows(MARK.len())
        .position(|window| window == MARK.as_bytes())
        .expect("the archive holds the text uncompressed");
    bytes[at] ^= 1;
    s.write(path, bytes);
}

#[test]
fn a_check_finds_what_is_wrong_and_says_each() {
    let s = Sandbox::new();
    base(&s);
    let other = Image::new().build(&s, "other");
    s.run("imgsave", [&other]).ok();
    let path = s.archive("base");
    let good = s.read_bytes(&path);
    for jobs in ["1", "4"] {
        let outcome = s.run("imgls", ["--check", "--jobs", jobs]);
        let lines = lines(outcome.ok().silent());
        assert_eq!(states(&s, &lines), [("base", "ok"), ("other", "ok")]);
    }
    for (spoil, seen, found, text) in FAULTS {
        s.write(&path, &good);
        spoil(&s, &path);
        let outcome = s.run("imgls", [""; 0]);
        let looked = lines(outcome.ok().silent());
        assert_eq!(states(&s, &looked), [("base", seen), ("other", "ok")]);

        // It is a report: what comes after a damaged image is checked too.
        let outcome = s.run("imgls", ["--check"]);
        let checked = lines(outcome.code(4));
        assert_eq!(states(&s, &checked), [("base", found), ("other", "ok")]);
        let said = format!("imgls: {}: ", s.image("base"));
        let said = |line: &str| line.starts_with(&said) && line.contains(text);
        assert!(outcome.stderr.lines().any(said), "{text}\n{outcome}");
        outcome.stderr_has("imgls: 1 of 2 images did not pass the check");
        s.run("imgls", ["--check", &s.image("other")]).ok().silent();
    }
}

#[test]
fn a_check_of_thin_archives_looks_at_their_bases() {
    let s = Sandbox::new();
    let base = base(&s);
    on(&s, &base, "top", &["--thin", "--base", &s.image("base")]);
    let path = s.archive("base");
    let good = s.read_bytes(&path);
    s.run("imgls", ["--check"]).ok().silent();
    s.run("imgls", ["--check", &s.image("top")]).ok().silent();

    // Damaged: its own line says so, and where it has none, that of what stands on it.
    flip(&s, &path);
    let all = s.run("imgls", ["--check"]);
    let found = lines(all.code(4));
    assert_eq!(states(&s, &found), [("base", "damaged"), ("top", "ok")]);
    let top = s.run("imgls", ["--check", &s.image("top")]);
    assert_eq!(states(&s, &lines(top.code(4))), [("top", "no base")]);
    top.stderr_has("its base can't be used").stderr_has(&path);

    // Gone.
    std::fs::remove_file(s.path(&path)).expect("it was there");
    for flags in [&["--check"][..], &[]] {
        let outcome = s.command("imgls").args(flags).run();
        let found = lines(&outcome);
        assert_eq!(
            states(&s, &found),
            [("base", "missing"), ("top", "no base")]
        );
    }

    // No longer registered.
    s.write(&path, good);
    let registry = s.read("image-registry.yml");
    let name = format!("- name: {}\n", s.image("base"));
    let renamed = registry.replacen(&name, &name.replace("base\n", "renamed\n"), 1);
    s.write("image-registry.yml", renamed);
    s.run("imgls", ["--check"])
        .code(4)
        .stderr_has("which is not registered");
}

#[test]
fn a_name_that_does_not_comply_is_a_warning() {
    let s = Sandbox::new();
    base(&s);
    let registry = s.read("image-registry.yml");
    let name = format!("name: {}\n", s.image("base"));
    let renamed = registry.replacen(&name, "name: Odd\n", 1);
    s.write("image-registry.yml", renamed);
    let outcome = s.run("imgls", [""; 0]);
    assert_eq!(
        states(&s, &lines(outcome.ok().silent())),
        [("Odd", "bad name")]
    );
    let outcome = s.run("imgls", ["--check"]);
    assert_eq!(states(&s, &lines(outcome.ok())), [("Odd", "bad name")]);
    outcome.stderr_has("imgls: warning: Odd: ");

    // What is worse is what is shown.
    std::fs::remove_file(s.path(s.archive("base"))).expect("it was there");
    let outcome = s.run("imgls", ["--check"]);
    assert_eq!(states(&s, &lines(outcome.code(4))), [("Odd", "missing")]);
    outcome.stderr_has("imgls: warning: Odd: ");
}

#[test]
fn pinning_changes_nothing_else() {
    let s = Sandbox::without_engine();
    let entry = |name: &str| {
        format!(
            "  # {name} is ours\n  - file: \"{name}.tar\"   # where it is\n    name: {name}\n    docker_tag: '{name}:1'\n    \
             os: debian:12\n    architecture: x86_64\n    owner: somebody\n"
        )
    };
    let before = format!("# A registry.\nimages:\n{}{}", entry("one"), entry("two"));
    s.write("image-registry.yml", &before);
    let pinned = |outcome: &Outcome| {
        let lines = lines(outcome.ok());
        lines
            .into_iter()
            .map(|line| (line.name, line.pinned))
            .collect::<Vec<_>>()
    };
    let two = |answer: &str| vec![("two".to_owned(), answer.to_owned())];
    assert_eq!(pinned(&s.run("imgls", ["--pin", "two"])), two("yes"));
    let after = s.read("image-registry.yml");
    assert_eq!(after.replacen("    pinned: true\n", "", 1), before);
    assert!(after.find("pinned") > after.find("name: two"), "{after}");

    assert_eq!(pinned(&s.run("imgls", ["--unpin", "two"])), two("no"));
    let again = s.read("image-registry.yml");
    assert_eq!(again, after.replace("pinned: true", "pinned: false"));

    // All or none.
    s.run("imgls", ["--pin", "one", "none"]).fails(
        "imgls",
        3,
        "no image of that name is registered",
    );
    assert_eq!(s.read("image-registry.yml"), again);
    s.run("imgls", ["--pin"])
        .fails("imgls", 2, "need the names");
    s.run("imgls", ["--pin", "--check", "one"])
        .fails("imgls", 2, "cannot be used with");
}

#[test]
fn what_is_not_registered_is_refused() {
    let s = Sandbox::without_engine();
    s.run("imgls", [""; 0])
        .fails("imgls", 3, "there is no registry");
    s.write("image-registry.yml", "images: []\n");
    s.run("imgls", [""; 0]).ok().stdout("").silent();
    s.run("imgls", ["none"])
        .fails("imgls", 3, "none: no image of that name is registered")
        .stderr_has("hint: the registry is ");
    s.run("imgls", ["-"])
        .fails("imgls", 3, "nothing on standard input");
}

#[test]
fn what_leads_out_of_the_store_is_not_opened() {
    let s = Sandbox::without_engine();
    s.write(
        "image-registry.yml",
        "images:\n- {name: a-debian-12-base, file: ../a.tar, docker_tag: a, os: 'debian:12', architecture: x86_64}\n",
    );
    let outcome = s.run("imgls", [""; 0]);
    let lines = lines(outcome.ok());
    assert_eq!(
        (lines[0].path.as_str(), lines[0].state.as_str()),
        ("../a.tar", "unreadable")
    );
    s.run("imgls", ["--check"]).code(3).stderr_has("holds `..`");
}
