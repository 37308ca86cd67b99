//! Thin images from imgbuild.

use super::*;

/// A registered base that runs and is not in the engine, a build file, and a plan for `tool` on it.
fn planned(s: &Sandbox) -> String {
    let base = Image::new().busybox().random("data", BASE).build(s, "base");
    s.run("imgsave", [&base]).ok();
    s.forget(&base);
    recipe(s);
    let (name, path) = (s.image("tool"), s.archive("base"));
    format!(r#"{{"name":"{name}","needs_build":true,"best_base_image_path":"{path}"}}"#)
}

fn recipe(s: &Sandbox) {
    let path = format!("images/{}/Dockerfile.{}", s.project(), s.image("tool"));
    s.write(
        &path,
        "ARG BASE_IMAGE\nFROM $BASE_IMAGE\nRUN echo one > /built\n",
    );
}

/// Whether a build was thin, after checking that its image runs.
fn built_thin(s: &Sandbox, words: &[&str], plan: &str) -> bool {
    let build = || {
        let command = s.command("imgbuild").arg("--json").args(words);
        let outcome = command.input(plan).run();
        outcome.ok().json()[0]["built"] == true
    };
    assert!(build());
    assert!(!build(), "nothing had changed");
    let thin = entry(s, "tool").contains("thin: true\n");
    assert_eq!(s.size("tool") < LITTLE, thin);
    s.forget(&format!("{}:latest", s.image("tool")));
    let reference = s.run("imgload", [s.image("tool")]);
    let run = ["run", "--rm", "--network", "none", reference.ok().line()];
    let said = engine().read(&[&run[..], &["cat", "/built"]].concat());
    assert_eq!(said.as_deref(), Some("one"));
    thin
}

#[test]
fn a_build_is_thin_where_that_is_asked_for_and_there_is_a_base() {
    for (config, words, thin) in [
        ("", &[][..], false),
        ("", &["--thin"], true),
        ("images: {thin: true}\n", &[], true),
        ("images: {thin: false}\n", &["--thin"], true),
        ("images: {thin: true, compress: zstd}\n", &[], true),
    ] {
        let s = Sandbox::new();
        s.write(".localci.yml", config);
        let plan = planned(&s);
        assert_eq!(built_thin(&s, words, &plan), thin, "{config} {words:?}");
        let said = entry(&s, "tool");
        assert!(
            said.contains(&format!("base: {}\n", s.image("base"))),
            "{said}"
        );
    }
}

#[test]
fn a_base_that_is_not_registered_makes_no_thin_image() {
    let s = Sandbox::new();
    let base = Image::new()
        .busybox()
        .random("data", BASE)
        .build(&s, "base");
    recipe(&s);
    let plan = format!(
        r#"{{"name":"{}","needs_build":true,"base_image":"{base}"}}"#,
        s.image("tool")
    );
    s.command("imgbuild")
        .arg("--thin")
        .input(&*plan)
        .run()
        .fails("imgbuild", 3, "registered")
        .stderr_lacks("building");
    assert!(!s.path("image-registry.yml").exists());
    assert!(engine().images_of(&s.image("tool")).is_empty());
    // The config makes archives thin only if possible.
    s.write(".localci.yml", "images: {thin: true}\n");
    assert!(!built_thin(&s, &[], &plan));
}

/// Replaces the base's archive by another image.
fn make_base_stale(s: &Sandbox) {
    let other = Image::new().busybox().build(s, "other");
    s.run("imgsave", ["-q", &other]).ok();
    let stale = s.read_bytes(&s.archive("other"));
    s.write(&s.archive("base"), stale);
}

#[test]
fn an_archive_that_only_lacks_its_base_is_not_replaced_by_a_build_without_its_own() {
    let s = Sandbox::new();
    let plan = planned(&s);
    let build = |words: &[&str], plan: &str| {
        let command = s.command("imgbuild").arg("--explain").args(words);
        command.input(plan).run()
    };
    build(&["--thin"], &plan).ok();
    let kept = s.read_bytes(&s.archive("base"));
    make_base_stale(&s);
    let path = format!("images/{}/Dockerfile.{}", s.project(), s.image("tool"));
    std::fs::remove_file(s.path(&path)).expect("the build file");
    let other = s.archive("other");
    let on_other = plan.replace(&s.archive("base"), &other);
    let before = s.read_bytes(&s.archive("tool"));
    for words in [&[][..], &["-n"], &["--thin"]] {
        let says = format!("its base `{}` is stale", s.image("base"));
        let refused = build(words, &on_other);
        refused.fails("imgbuild", 4, &says).stderr_has("imgfetch");
        refused.stderr_lacks("building").stdout("");
        assert!(s.read_bytes(&s.archive("tool")) == before);
    }
    // The base is back, and so is the image.
    s.write(&s.archive("base"), kept);
    s.run("imgcat", [&s.image("tool"), "/built"])
        .ok()
        .stdout("one\n");
    // A build with the same steps makes it again, and so does one with `--rebuild`.
    make_base_stale(&s);
    recipe(&s);
    let reason = format!("  its base `{}` is stale\n", s.image("base"));
    build(&[], &on_other).ok().stderr_has(&reason);
    s.run("imgcat", [&s.image("tool"), "/built"])
        .ok()
        .stdout("one\n");
}
