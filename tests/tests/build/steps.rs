//! Single steps: when each runs again, and when nothing is built.

use std::path::Path;

use super::*;

/// Writes a unique value.
fn unique(file: &str) -> String {
    format!("cat /proc/sys/kernel/random/uuid > /{file}")
}

/// A plan for the image `tool` with these steps, on the base of [`with_base`].
fn plan(s: &Sandbox, steps: &str) -> String {
    format!(
        r#"{{"name":"{}","best_base_image_path":"{}","build":{{"context":"files","steps":[{steps}]}}}}"#,
        s.image("tool"),
        s.archive("base")
    )
}

/// Builds it, and returns whether that was necessary.
fn built(s: &Sandbox, plan: &str) -> bool {
    let outcome = s.command("imgbuild").arg("--json").input(plan).run();
    outcome.ok().json()[0]["built"] == true
}

/// The contents of files in the image.
fn held<const N: usize>(s: &Sandbox, files: [&str; N]) -> [String; N] {
    files.map(|file| {
        let archive = s.archive("tool");
        let outcome = s.run("imgcat", [archive.as_str(), &format!("/{file}")]);
        outcome.ok().stdout.clone()
    })
}

fn ready() -> Sandbox {
    let s = Sandbox::new();
    with_base(&s);
    s.write("files/one.lock", "one");
    s.write("files/other", "other");
    s
}

fn git(folder: &Path, words: &[&str]) {
    let run = duct::cmd(
        "git",
        ["-c", "user.name=t", "-c", "user.email=t@t"]
            .iter()
            .chain(words),
    );
    let run = run.dir(folder).stdin_null().stderr_to_stdout();
    let output = run.stdout_capture().unchecked().run();
    let output = output.unwrap_or_else(|error| panic!("git does not run: {error}"));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "git {words:?}: {said}");
}

#[test]
fn a_step_is_done_again_exactly_when_the_remote_moved() {
    let s = ready();
    let remote = s.path("remote");
    std::fs::create_dir(&remote).expect("a folder");
    git(remote.as_std_path(), &["init", "-q"]);
    let commit = ["commit", "-q", "--allow-empty", "-m", "x"];
    git(remote.as_std_path(), &commit);
    let steps = format!(
        r#"{{"run":"{}"}},{{"run":"{}","cache":{{"probe":["git","ls-remote","{remote}","HEAD"]}}}},{{"run":"{}"}}"#,
        unique("one"),
        unique("two"),
        unique("three"),
    );
    let plan = plan(&s, &steps);
    assert!(built(&s, &plan));
    let first = held(&s, ["one", "two", "three"]);
    assert!(!built(&s, &plan), "the remote has not moved");
    git(remote.as_std_path(), &["tag", "another"]);
    assert!(!built(&s, &plan), "its HEAD has not moved");
    assert_eq!(held(&s, ["one", "two", "three"]), first);

    git(remote.as_std_path(), &commit);
    assert!(built(&s, &plan), "the remote has moved");
    let second = held(&s, ["one", "two", "three"]);
    assert_eq!(second[0], first[0], "what goes before is not done again");
    assert_ne!(second[1], first[1]);
    assert_ne!(second[2], first[2], "what follows is done again");
    assert!(!built(&s, &plan));
    let registry = s.read("image-registry.yml");
    assert!(
        registry.contains("built_because: \"step 2: its probe gave another answer\"")
            || registry.contains("built_because: 'step 2: its probe gave another answer'"),
        "{registry}"
    );
    assert!(registry.contains("build_seconds: "), "{registry}");
}

#[test]
fn a_step_is_done_again_when_its_key_or_its_files_change() {
    let s = ready();
    let with = |cache: &str| {
        plan(
            &s,
            &format!(
                r#"{{"run":"{}"}},{{"run":"{}","cache":{cache}}}"#,
                unique("one"),
                unique("two")
            ),
        )
    };
    let cases: [(&str, &dyn Fn(), &str); 3] = [
        (r#"{"key":"1"}"#, &|| (), r#"{"key":"2"}"#),
        (
            r#"{"files":["*.lock"]}"#,
            &|| drop(s.write("files/one.lock", "two")),
            r#"{"files":["*.lock"]}"#,
        ),
        (
            r#"{"files":["*.lock"]}"#,
            &|| drop(s.write("files/new.lock", "new")),
            r#"{"files":["*.lock"]}"#,
        ),
    ];
    for (before, change, after) in cases {
        built(&s, &with(before));
        let first = held(&s, ["one", "two"]);
        s.write("files/other", "nobody asked for this one");
        assert!(!built(&s, &with(before)), "{before}");
        change();
        assert!(built(&s, &with(after)), "{after}");
        let second = held(&s, ["one", "two"]);
        assert_eq!(first[0], second[0], "{after}");
        assert_ne!(first[1], second[1], "{after}");
    }
    let never = with(r#""never""#);
    built(&s, &never);
    let first = held(&s, ["one", "two"]);
    assert!(built(&s, &never), "it is never cached");
    let second = held(&s, ["one", "two"]);
    assert_eq!(first[0], second[0]);
    assert_ne!(first[1], second[1]);
}

#[test]
fn a_step_is_done_again_when_it_is_old_enough() {
    let s = ready();
    let with = |age: &str| {
        let (one, two) = (unique("one"), unique("two"));
        let cache = format!(r#"{{"max_age":"{age}"}}"#);
        plan(
            &s,
            &format!(r#"{{"run":"{one}"}},{{"run":"{two}","cache":{cache}}}"#),
        )
    };
    assert!(built(&s, &with("1h")));
    let first = held(&s, ["one", "two"]);
    assert!(!built(&s, &with("1h")));
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert!(!built(&s, &with("1h")));
    assert!(built(&s, &with("1s")), "it is older than 1s");
    let second = held(&s, ["one", "two"]);
    assert_eq!(first[0], second[0]);
    assert_ne!(first[1], second[1]);
    let registry = s.read("image-registry.yml");
    assert!(
        registry.contains("built_because: step 2 is older than 1s"),
        "{registry}"
    );
}

#[test]
fn what_is_copied_counts_and_nothing_else() {
    let s = ready();
    let with = |cache: &str| {
        let copy = format!(r#"{{"copy":["one.lock","/copied/"],"cache":"{cache}"}}"#);
        plan(&s, &format!(r#"{copy},{{"run":"{}"}}"#, unique("two")))
    };
    assert!(built(&s, &with("default")));
    let first = held(&s, ["copied/one.lock", "two"]);
    assert_eq!(first[0], "one");
    s.write("files/other", "changed");
    assert!(!built(&s, &with("default")));
    s.write("files/one.lock", "two");
    assert!(built(&s, &with("default")));
    let second = held(&s, ["copied/one.lock", "two"]);
    assert_eq!(second[0], "two");
    assert_ne!(first[1], second[1]);
    built(&s, &with("always"));
    s.write("files/one.lock", "three");
    assert!(!built(&s, &with("always")), "it is always cached");

    for (steps, context, code, words) in [
        (r#"{"copy":"nothing /x"}"#, true, 3, "no file `nothing`"),
        (r#"{"copy":"../image-registry.yml /x"}"#, true, 3, "step 1"),
        (r#"{"copy":"one.lock /x"}"#, false, 3, "`build.context`"),
        (r#"{"copy":"one.lock"}"#, true, 3, "`copy` of a step"),
    ] {
        let plan = plan(&s, steps);
        let plan = if context {
            plan
        } else {
            plan.replace(r#""context":"files","#, "")
        };
        build(&s, &plan).fails("imgbuild", code, words);
    }
}

#[test]
fn a_probe_that_fails_does_what_its_step_says() {
    let s = ready();
    s.script("probe", "cat answer");
    let with = |on_failure: &str| {
        let cache = format!(r#"{{"probe":["./probe"],"on_failure":"{on_failure}"}}"#);
        plan(
            &s,
            &format!(r#"{{"run":"{}","cache":{cache}}}"#, unique("one")),
        )
    };
    let failed = build(&s, &with("error"));
    failed.fails("imgbuild", 1, "step 1: the probe failed");
    failed.stderr_has("answer").stderr_has("hint: ");
    assert!(
        s.files("images")
            .iter()
            .all(|file| !file.contains("tool.tar"))
    );

    s.write("answer", "1");
    assert!(built(&s, &with("reuse")));
    s.remove("answer");
    let reused = build(&s, &with("reuse"));
    reused.ok().stderr_has("warning: step 1 probe: ");
    assert!(!built(&s, &with("reuse")), "as it answered the last time");
    assert!(built(&s, &with("rebuild")));
    assert!(built(&s, &with("rebuild")));
    s.write("answer", "1");
    assert!(built(&s, &with("error")), "its answer is not the last one");
    assert!(!built(&s, &with("error")));

    s.script("probe", "exec sleep 60");
    let slow = with("error").replace(r#""on_failure""#, r#""timeout":"1s","on_failure""#);
    build(&s, &slow).fails("imgbuild", 1, "timed out after 1 second");
    // With its descendants.
    s.script("probe", "(sleep 60 &); sleep 60; true");
    build(&s, &slow).code(1);
    assert_eq!(s.processes(), [""; 0]);
}

#[test]
fn steps_follow_a_build_file_of_ones_own() {
    let s = ready();
    recipe(&s, "RUN cat /proc/sys/kernel/random/uuid > /one");
    let with = |key: &str| {
        let cache = format!(r#"{{"key":"{key}"}}"#);
        plan(
            &s,
            &format!(r#"{{"run":"{}\ntrue","cache":{cache}}}"#, unique("two")),
        )
    };
    let printed = s
        .command("imgbuild")
        .arg("--print-dockerfile")
        .input(with("1"))
        .run();
    let text = &printed.ok().stdout;
    let key = text.find("\nARG IMGPIPE_STEP_1=key-").expect("a key");
    let run = text.find("\nRUN [\"/bin/sh\",\"-ec\",").expect("a step");
    assert!(text.starts_with("ARG BASE_IMAGE\n") && key < run, "{text}");
    assert!(built(&s, &with("1")));
    let first = held(&s, ["one", "two"]);
    assert!(built(&s, &with("2")));
    let second = held(&s, ["one", "two"]);
    assert_eq!(first[0], second[0]);
    assert_ne!(first[1], second[1]);
    s.write("files/other", "any file may be copied");
    assert!(built(&s, &with("2")));

    recipe(&s, "RUN true \\");
    build(&s, &with("2")).fails("imgbuild", 3, "no step can follow");
    recipe(&s, "RUN true");
    let named = with("2").replace("\"steps\"", "\"args\":{\"IMGPIPE_STEP_1\":\"x\"},\"steps\"");
    build(&s, &named).fails("imgbuild", 3, "IMGPIPE_STEP_1");
}
