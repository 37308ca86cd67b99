//! Archives that hold another image than the registry says.

use pipeline_tests::{Outcome, Sandbox};
use samples::{Tar, image};
use serde_json::Value;

/// An image that is told from others by what it holds.
fn archive(content: &str) -> (Vec<u8>, String) {
    let layer = Tar::new().file("content", content).bytes();
    let image = image(vec![layer]);
    (image.classic(), image.image_id().to_string())
}

/// An entry's line, whose archive holds `held` and is registered as `registered`.
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
    // The next best is taken, and only what would be taken is looked at.
    let entries = [
        entry(&s, "base", "old", "new", used),
        entry(&s, "next", "x", "x", ", usage_count: 8"),
        entry(&s, "other", "old", "new", ""),
    ];
    let (stale, planned) = plan(&s, &entries);
    assert_eq!(planned["best_image_path"], s.archive("next"));
    stale.stderr_has(&says("base")).stderr_lacks(&says("other"));
    assert_eq!(stale.stderr.lines().count(), 1, "{}", stale.stderr);
    // A base counts as an image does.
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
    // An image with a stale base is of no use either.
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
