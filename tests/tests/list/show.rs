//! The output for images.

use pipeline_tests::Watched;
use serde_json::json;

use super::*;

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
        assert_eq!(line.size, s.size(variant).to_string());
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

    // Names choose, and keep their order; paths and tags work too.
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
        ("size", json!(s.size("top"))),
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
        (&json!("lfs pointer"), &json!(null), &json!(null))
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
    // All of the base, which has one layer; of the others only the base, in the archive or not.
    assert!(shared[0] > BASE && shared[0] < s.size("base"), "{shared:?}");
    assert_eq!(shared, [shared[0], shared[0], shared[0], 0]);
    assert!(s.size("thin") < shared[0]);
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
    if engine().is_podman() {
        // A program with another name is asked as Docker, and again if the answer shows podman.
        let calls = ["image inspect", "image inspect"];
        assert_eq!(watched.calls(), calls);
    } else if !engine().is_containerd() {
        assert_eq!(watched.calls(), ["image inspect"]);
    }
    // Another image under the tag is not the registered one.
    engine()
        .read(&["tag", &base, &top])
        .expect("the engine tags");
    assert_eq!(loaded(&[]), ["yes", "no"]);
    assert_eq!(loaded(&["--engine", "/nonexistent"]), ["-", "-"]);
    let unanswered = s.run("imgls", ["--engine", "/nonexistent"]);
    let said = &unanswered.ok().stderr;
    assert_eq!(said.lines().count(), 1, "{unanswered}");
    unanswered
        .stderr_has("imgls: warning: cannot ask the engine which images are loaded: ")
        .stderr_has("was not found");
    s.run("imgls", ["--engine", "/nonexistent", "--no-engine"])
        .ok()
        .silent();
}

#[test]
fn what_is_not_registered_is_refused() {
    let s = Sandbox::without_engine();
    s.run("imgls", [""; 0])
        .fails("imgls", 3, "there is no registry");
    s.write("image-registry.yml", "images: []\n");
    s.run("imgls", [""; 0]).ok().stdout("").silent();
    s.run("imgls", ["none"])
        .fails("imgls", 4, "none: no image of that name is registered")
        .stderr_has("hint: the registry is ");
    s.run("imgls", ["-"])
        .fails("imgls", 3, "nothing on standard input");
}
