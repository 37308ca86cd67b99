//! `imgload` and `imgbuild` fetch missing archives, if that is allowed.

use pipeline_tests::{Image, Registry, Sandbox, engine};
use serde_json::json;

/// The name of a published image of the store without an archive, which is not in the engine either.
fn published(s: &Sandbox, registry: &Registry, variant: &str) -> String {
    let reference = Image::new().busybox().build(s, variant);
    s.run("imgsave", [&reference]).ok();
    let name = s.image(variant);
    let to = format!("{}/ci", registry.address());
    s.run("imgpush", ["--insecure", "--to", &to, &name]).ok();
    s.remove(&s.archive(variant));
    s.forget(&reference);
    registry.reset();
    name
}

#[test]
fn imgload_fetches_where_that_is_wanted() {
    let (s, registry) = (Sandbox::new(), Registry::start());
    let name = published(&s, &registry, "base");
    let archive = s.archive("base");
    let tag = format!("{name}:latest");
    s.run("imgload", ["--insecure", &name])
        .fails("imgload", 4, &archive);
    s.write(".localci.yml", "images: {fetch: missing}\n");
    s.run("imgload", ["--insecure", "--no-fetch", &name])
        .code(4);
    assert_eq!(registry.requests().len(), 0);
    s.run("imgload", ["--insecure", &name])
        .ok()
        .stdout(&format!("{tag}\n"));
    assert!(engine().has(&tag));
    s.run("imgls", ["--check", &name]).ok();
    // A present archive is neither fetched nor replaced, and a Git LFS pointer counts as present.
    registry.reset();
    s.run("imgload", ["--fetch", "--insecure", &name]).ok();
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n";
    s.write(&archive, pointer);
    s.run("imgload", ["--fetch", "--insecure", &name])
        .fails("imgload", 4, "is a Git LFS pointer");
    assert_eq!(s.read(&archive), pointer);
    assert_eq!(registry.requests().len(), 0);
    // A file that is no archive counts as missing.
    s.write(&archive, "no archive");
    s.run("imgload", ["--insecure", "--no-fetch", &name])
        .code(4);
    assert_eq!(s.read(&archive), "no archive");
    s.run("imgload", ["--insecure", &name])
        .ok()
        .stdout(&format!("{tag}\n"));
    s.run("imgls", ["--check", &name]).ok();
    // By its path, and only by the flag.
    s.remove(&archive);
    s.remove(".localci.yml");
    s.forget(&tag);
    s.run("imgload", ["--fetch", "--insecure", &archive])
        .ok()
        .stdout(&format!("{tag}\n"));
    // If the registry is down, the error says so.
    s.remove(&archive);
    drop(registry);
    s.run("imgload", ["--fetch", "--insecure", "--retry", "0", &name])
        .fails("imgload", 5, "connection refused");
}

#[test]
fn a_fresh_clone_runs_the_whole_pipeline() {
    let (s, registry) = (Sandbox::new(), Registry::start());
    let name = published(&s, &registry, "base");
    s.sh("rm -r images").ok();
    let line = format!(
        "imgplan --project {} --os debian:12 | imgbuild --insecure | imgload --insecure",
        s.project()
    );
    let planned = || {
        let words = ["--project", s.project(), "--os", "debian:12"];
        s.run("imgplan", words)
    };
    let plan = planned();
    assert!(plan.ok().json()[0]["best_image_path"].is_null(), "{plan}");
    plan.stderr_has("is missing; passed over");
    s.write(".localci.yml", "images: {fetch: missing}\n");
    let plan = planned();
    assert_eq!(
        plan.ok().json()[0]["best_image_path"],
        s.archive("base"),
        "{plan}"
    );
    plan.silent();
    s.sh(&line).ok().stdout(&format!("{name}:latest\n"));
    s.run("imgls", ["--check"]).ok();
}

#[test]
fn imgbuild_fetches_what_was_found_and_what_it_builds_on() {
    let (s, registry) = (Sandbox::new(), Registry::start());
    published(&s, &registry, "base");
    let archive = s.archive("base");
    let found = json!({ "needs_build": false, "best_image_path": archive }).to_string();
    let run = |plan: &str, flags: &[&str]| {
        let command = s.command("imgbuild").args(["--insecure", "--quiet"]);
        command.args(flags).input(plan).run()
    };
    run(&found, &[]).fails("imgbuild", 4, &archive);
    run(&found, &["--fetch"])
        .ok()
        .stdout(&format!("{archive}\n"));
    // A stale archive counts as absent.
    let other = Image::new().build(&s, "other");
    s.run("imgsave", ["-q", &other]).ok();
    s.write(&archive, s.read_bytes(&s.archive("other")));
    run(&found, &[]).fails("imgbuild", 4, "is stale");
    run(&found, &["--fetch"])
        .ok()
        .stdout(&format!("{archive}\n"));
    s.run("imgls", ["--check", &s.image("base")]).ok();
    s.remove(&archive);
    s.write(
        "recipe",
        "ARG BASE_IMAGE\nFROM $BASE_IMAGE\nRUN echo built > /built\n",
    );
    let plan = json!({
        "name": s.image("built"), "needs_build": true, "best_base_image_path": archive,
        "build": { "dockerfile": "recipe" },
    })
    .to_string();
    run(&plan, &[]).fails("imgbuild", 4, &archive);
    let built = format!("{}\n", s.archive("built"));
    run(&plan, &["--fetch"]).ok().stdout(&built);
    s.run("imgcat", [&s.image("built"), "built"])
        .ok()
        .stdout("built\n");
    // A published image of another machine is not built again.
    let to = format!("{}/ci", registry.address());
    s.run("imgpush", ["--insecure", "--to", &to, &s.image("built")])
        .ok();
    s.remove(&s.archive("built"));
    s.forget(&format!("{}:latest", s.image("built")));
    s.write("recipe.log", "");
    let again = run(&plan, &["--fetch", "--json"]);
    assert_eq!(again.ok().json()[0]["built"], false, "{again}");
    s.run("imgls", ["--check"]).ok();
}

#[test]
fn imgbuild_fetches_what_a_build_file_names() {
    let (s, registry) = (Sandbox::new(), Registry::start());
    let named = published(&s, &registry, "base");
    let archive = s.archive("base");
    s.write("recipe", format!("FROM {named}\nLABEL built=yes\n"));
    let plan = json!({ "name": s.image("built"), "build": { "dockerfile": "recipe" } }).to_string();
    let run = |words: &[&str]| {
        let command = s.command("imgbuild").args(["--insecure", "--quiet"]);
        command.args(words).input(plan.as_str()).run()
    };
    run(&[]).fails("imgbuild", 4, &archive);
    run(&["-n", "--fetch"]).ok().stdout("");
    assert!(!s.path(&archive).exists(), "a look fetches nothing");
    let built = format!("{}\n", s.archive("built"));
    run(&["--fetch"]).ok().stdout(&built);
    assert!(s.path(&archive).exists());
}

#[test]
fn a_look_says_what_would_be_fetched_and_fetches_nothing() {
    let (s, registry) = (Sandbox::new(), Registry::start());
    let base = published(&s, &registry, "base");
    let archive = s.archive("base");
    let run = |words: &[&str], plan: &serde_json::Value| {
        let command = s.command("imgbuild").args(["--insecure"]).args(words);
        command.input(plan.to_string()).run()
    };
    let says = |outcome: &pipeline_tests::Outcome, name: &str, lines: &[&str]| {
        let lines: String = lines.iter().map(|line| format!("  {line}\n")).collect();
        assert_eq!(
            outcome.ok().stdout("").stderr,
            format!("imgbuild: {name}:\n{lines}"),
            "{outcome}"
        );
    };
    let (built, first) = (s.image("built"), "which would be fetched first");
    let steps = json!([{ "run": "echo built > /built" }]);
    let by_path =
        json!({ "name": built, "best_base_image_path": archive, "build": { "steps": steps } });
    let by_tag = json!({ "name": built, "base_image": base, "build": { "steps": steps } });
    let found = json!({ "needs_build": false, "best_image_path": archive });
    for plan in [&by_path, &by_tag, &found] {
        run(&["-n"], plan).fails("imgbuild", 4, &archive);
    }
    for plan in [&by_path, &by_tag] {
        let on = format!("on {base}, {first}");
        says(&run(&["-n", "--fetch"], plan), &built, &["new", &on]);
        let text = run(&["--print-dockerfile", "--fetch"], plan);
        assert!(
            text.ok().stdout.contains(&format!("{base}:latest")),
            "{text}"
        );
    }
    let coming = format!("{base}, {first}");
    let looked = run(&["-n", "--fetch"], &found);
    says(&looked, &archive, &["up to date", &coming]);
    assert_eq!(registry.requests().len(), 0);
    assert!(!s.path(&archive).exists());
    // The message names the published image.
    run(&["--fetch", "-q"], &by_path).ok();
    let to = format!("{}/ci", registry.address());
    s.run("imgpush", ["--insecure", "--to", &to, &built]).ok();
    s.remove(&s.archive("built"));
    registry.reset();
    let looked = run(&["-n", "--fetch"], &by_path);
    says(
        &looked,
        &built,
        &["up to date", &format!("{built}, {first}")],
    );
    assert_eq!(registry.requests().len(), 0);
    // Without a `remote`.
    let text = s.read("image-registry.yml");
    let kept = text.lines().filter(|line| !line.contains("remote:"));
    s.write("image-registry.yml", kept.collect::<Vec<_>>().join("\n"));
    s.remove(&archive);
    run(&["-n", "--fetch"], &by_path).fails(
        "imgbuild",
        4,
        "is not in the store and has no `remote` in the registry",
    );
}
