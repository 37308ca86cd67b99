//! Archives that contain another image than the registered one.

use pipeline_tests::{Outcome, Sandbox};
use samples::{Tar, image};
use serde_json::Value;

/// An image with distinct content.
fn archive(content: &str) -> (Vec<u8>, String) {
    let layer = Tar::new().file("content", content).bytes();
    let image = image(vec![layer]);
    (image.classic(), image.image_id().to_string())
}

/// An entry's line. Its archive contains `held` and is registered as `registered`.
fn entry(s: &Sandbox, variant: &str, held: &str, registered: &str, rest: &str) -> String {
    s.write(&s.archive(variant), archive(held).0);
    let (name, file, id) = (s.image(variant), s.archive(variant), archive(registered).1);
    let system = "os: 'debian:12', architecture: x86_64";
    format!(
        "- {{name: {name}, file: {file}, docker_tag: {name}, {system}, image_id: '{id}'{rest}}}\n"
    )
}

fn plan(s: &Sandbox, entries: &[String]) -> (Outcome, Value) {
    s.write(
        "image-registry.yml",
        format!("images:\n{}", entries.concat()),
    );
    let project = s.project();
    s.write(
        "req.yml",
        format!("project: {project}\nos: debian:12\narchitecture: x86_64\n"),
    );
    let planned = s.run("imgplan", ["req.yml"]);
    let plan = planned.ok().json().remove(0);
    (planned, plan)
}

#[test]
fn a_stale_archive_is_as_good_as_absent() {
    let s = Sandbox::without_engine();
    let says = |variant: &str| {
        format!(
            "{}: is stale: it holds another image than the registry says",
            s.archive(variant)
        )
    };
    let used = ", usage_count: 9";
    let (fresh, planned) = plan(&s, &[entry(&s, "base", "new", "new", used)]);
    assert_eq!(planned["best_image_path"], s.archive("base"));
    assert_eq!(fresh.stderr, "");
    // The next best is chosen, and only possible choices are opened.
    let entries = [
        entry(&s, "base", "old", "new", used),
        entry(&s, "next", "x", "x", ", usage_count: 8"),
        entry(&s, "other", "old", "new", ""),
    ];
    let (stale, planned) = plan(&s, &entries);
    assert_eq!(planned["best_image_path"], s.archive("next"));
    stale.stderr_has(&says("base")).stderr_lacks(&says("other"));
    assert_eq!(stale.stderr.lines().count(), 1, "{}", stale.stderr);
    // The same for a base.
    let (_, planned) = plan(
        &s,
        &[entry(
            &s,
            "gcc12",
            "old",
            "new",
            ", variants: [lto], compilers: [gcc-12]",
        )],
    );
    assert_eq!(
        (&planned["needs_build"], &planned["best_base_image_path"]),
        (&true.into(), &Value::Null)
    );
    // An image with a stale base is useless too.
    let thin = format!(", thin: true, base: {}", s.image("under"));
    let entries = [
        entry(&s, "base", "new", "new", &thin),
        entry(&s, "under", "old", "new", ", variants: [lto]"),
    ];
    let (stale, planned) = plan(&s, &entries);
    assert_eq!(planned["needs_build"], true);
    stale.stderr_has(&says("under"));
}

#[test]
fn a_stale_archive_that_is_fetched_counts() {
    let s = Sandbox::without_engine();
    s.write(".localci.yml", "images: {fetch: missing}\n");
    let remote = ", remote: 'registry.example:5000/ci/x:1'";
    let (fetched, planned) = plan(&s, &[entry(&s, "base", "old", "new", remote)]);
    assert_eq!(planned["best_image_path"], s.archive("base"));
    fetched
        .stderr_has("is stale")
        .stderr_has("it will be fetched");
    let (_, planned) = plan(&s, &[entry(&s, "base", "old", "new", "")]);
    assert_eq!(planned["needs_build"], true);
}

#[test]
fn a_damaged_archive_is_as_good_as_absent() {
    let s = Sandbox::without_engine();
    let whole = archive("new").0;
    let truncated = &whole[..whole.len() / 2];
    let entries = [
        entry(&s, "base", "new", "new", ", usage_count: 9"),
        entry(&s, "next", "x", "x", ""),
    ];
    for bytes in [&b""[..], b"garbage", truncated] {
        let (first, second) = (entries[0].clone(), entries[1].clone());
        plan(&s, &entries);
        s.write(&s.archive("base"), bytes);
        s.write("image-registry.yml", format!("images:\n{first}{second}"));
        let taken = s.run("imgplan", ["req.yml", "--explain"]);
        let planned = taken.ok().json().remove(0);
        assert_eq!(planned["best_image_path"], s.archive("next"), "{taken}");
        taken.stderr_has(&format!("imgplan: warning: {}: ", s.archive("base")));
        let said = taken.stderr.lines().filter(|it| it.contains("passed over"));
        assert_eq!(
            said.count(),
            2,
            "a warning and a line of --explain: {taken}"
        );
        s.write("image-registry.yml", format!("images:\n{first}"));
        let alone = s.run("imgplan", ["req.yml", "--explain"]);
        assert_eq!(alone.ok().json()[0]["needs_build"], true, "{alone}");
        let why = format!("a build is needed: {} is passed over: ", s.image("base"));
        alone.stderr_has(&why);
        // An older plan also gets the error.
        let path = s.archive("base");
        let found = format!(r#"{{"best_image_path":"{path}"}}"#);
        let built = s.command("imgbuild").input(&*found).run();
        built
            .fails("imgbuild", 4, &path)
            .stderr_has("hint: run imgplan again");
    }
}

#[test]
fn a_damaged_archive_that_is_fetched_counts() {
    let s = Sandbox::without_engine();
    s.write(".localci.yml", "images: {fetch: missing}\n");
    let remote = ", remote: 'registry.example:5000/ci/x:1'";
    plan(&s, &[entry(&s, "base", "new", "new", remote)]);
    s.write(&s.archive("base"), "");
    let fetched = s.run("imgplan", ["req.yml"]);
    let planned = fetched.ok().json().remove(0);
    assert_eq!(planned["best_image_path"], s.archive("base"));
    fetched.stderr_has("; it will be fetched");
    let line = planned.to_string();
    let would_be = s.command("imgbuild").arg("-n").input(&*line).run();
    would_be.ok().stderr_has("would be fetched");
}

#[test]
fn a_pointer_of_git_lfs_is_a_match_that_is_to_be_pulled() {
    let s = Sandbox::without_engine();
    plan(&s, &[entry(&s, "base", "new", "new", "")]);
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n";
    s.write(&s.archive("base"), pointer);
    let planned = s.run("imgplan", ["req.yml"]);
    let line = planned.ok().json().remove(0).to_string();
    let built = s.command("imgbuild").input(&*line).run();
    built
        .fails("imgbuild", 4, "is a Git LFS pointer")
        .stderr_has("hint: git lfs pull");
}

#[test]
fn only_the_first_stale_archives_are_named() {
    let s = Sandbox::without_engine();
    let stale = (0..12).map(|at| entry(&s, &format!("v{at}"), "old", "new", ", usage_count: 9"));
    let sound = entry(&s, "base", "x", "x", "");
    let (said, planned) = plan(&s, &stale.chain([sound]).collect::<Vec<_>>());
    assert_eq!(planned["best_image_path"], s.archive("base"));
    said.stderr_has("2 more archives are stale or damaged");
    assert_eq!(said.stderr.lines().count(), 11, "{}", said.stderr);
}
