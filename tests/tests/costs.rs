//! `imgplan --cost` and `--view`, with a real engine.

use pipeline_tests::{Image, Sandbox, engine};

/// Two images that meet one requirement: a large one, and a small one with more uses. Neither is in the engine.
fn two(s: &Sandbox) -> [String; 2] {
    let images = ["large", "small"].map(|variant| {
        let bytes = if variant == "large" { 3_000_000 } else { 1_000 };
        let reference = Image::new().random("more", bytes).build(s, variant);
        s.run("imgsave", [&reference]).ok();
        s.forget(&reference);
        reference
    });
    s.write(
        "req.yml",
        format!("project: {}\nos: debian:12\n", s.project()),
    );
    images
}

/// The archive that a plan chooses.
fn taken(s: &Sandbox, words: &[&str]) -> String {
    let planned = s.command("imgplan").args(words).arg("req.yml").run();
    let plan = &planned.ok().json()[0];
    plan["best_image_path"]
        .as_str()
        .unwrap_or("none")
        .to_owned()
}

#[test]
fn bytes_are_those_that_this_engine_lacks() {
    let s = Sandbox::new();
    let [large, _] = two(&s);
    assert_eq!(taken(&s, &["--cost", "bytes"]), s.archive("small"));
    s.run("imgload", ["--no-record", &s.archive("large")]).ok();
    assert_eq!(taken(&s, &["--cost", "bytes"]), s.archive("large"));
    // The choice is the same each time, and each term is explained.
    let explain = ["--cost", "bytes,missing,newest", "--explain", "req.yml"];
    let first = s.run("imgplan", explain);
    first
        .ok()
        .stderr_has("extra   0  bytes 0  missing 0  newest 20");
    first.stderr_has(&format!(
        "loses to {}: it needs fewer bytes to load",
        s.image("large")
    ));
    assert_eq!(s.run("imgplan", explain).stderr, first.stderr);
    let repeated = "--cost bytes --cost missing,newest --explain req.yml".split(' ');
    assert_eq!(s.run("imgplan", repeated).stderr, first.stderr);
    s.forget(&large);
    assert_eq!(taken(&s, &["--cost", "bytes"]), s.archive("small"));
    // The same in a config.
    s.write(".localci.yml", "plan: {cost: [bytes, marks]}\n");
    s.run("imgload", ["--no-record", &s.archive("large")]).ok();
    assert_eq!(taken(&s, &[]), s.archive("large"));
    assert_eq!(taken(&s, &["--cost", "marks"]), s.archive("small"));
}

#[test]
fn the_engine_is_asked_only_where_it_matters() {
    let s = Sandbox::new();
    two(&s);
    let engine = ["--engine", "/nonexistent/engine", "req.yml"];
    for costs in ["marks", "missing", "newest", "build-time"] {
        s.command("imgplan")
            .args(["--cost", costs])
            .args(engine)
            .run()
            .ok();
    }
    for words in [
        ["--cost", "bytes"],
        ["--cost", "marks,bytes"],
        ["--view", "engine"],
        ["--view", "both"],
    ] {
        let asked = s.command("imgplan").args(words).args(engine).run();
        asked.fails("imgplan", 5, "/nonexistent/engine");
    }
    s.run("imgplan", ["--cost", "price", "req.yml"])
        .fails("imgplan", 2, "unknown cost `price`");
    s.run("imgplan", ["--view", "cloud", "req.yml"]).code(2);
    s.write(".localci.yml", "plan:\n  cost: bites\n");
    s.run("imgplan", ["req.yml"]).fails(
        "imgplan",
        3,
        ".localci.yml:2:9: `plan.cost`: unknown cost `bites`",
    );
    s.write(".localci.yml", "plan: {view: cloud}\n");
    s.run("imgplan", ["req.yml"]).fails(
        "imgplan",
        3,
        ".localci.yml:1:14: `plan.view`: must be archives, engine or both",
    );
}

#[test]
fn a_misspelled_key_of_plan_is_a_warning() {
    let s = Sandbox::without_engine();
    s.write("image-registry.yml", "images: []\n");
    s.write("req.yml", "project: x\nos: debian:12\n");
    s.write(".localci.yml", "plan:\n  view: archives\n  coost: bytes\n");
    let says = "imgplan: warning: ";
    let place = ".localci.yml:3:3: `plan.coost` is unknown and ignored";
    let planned = s.run("imgplan", ["req.yml"]);
    planned.ok().stderr_has(says).stderr_has(place);
}

#[test]
fn an_image_that_only_the_engine_has_comes_back_into_an_archive() {
    let s = Sandbox::new();
    let reference = Image::new().build(&s, "other");
    s.run("imgsave", [&reference]).ok();
    s.write(
        "req.yml",
        format!("project: {}\nos: debian:12\n", s.project()),
    );
    if engine().is_containerd() {
        // Such a store identifies an image by its manifest. imgload's manifest of a registered image is known only with
        // the archive.
        assert_eq!(taken(&s, &["--view", "engine"]), "none");
        s.forget(&reference);
        s.run("imgload", ["--no-record", &s.image("other")]).ok();
        assert_eq!(taken(&s, &["--view", "engine"]), s.archive("other"));
        s.remove(&s.archive("other"));
        assert_eq!(taken(&s, &["--view", "both"]), "none");
        return;
    }
    assert_eq!(taken(&s, &["--view", "engine"]), s.archive("other"));
    s.remove(&s.archive("other"));
    // Before, only the archive counted.
    let planned = s.run("imgplan", ["req.yml"]);
    planned.stderr_has("is missing; passed over");
    assert_eq!(planned.ok().json()[0]["base_image"], "debian:12");
    for view in ["engine", "both"] {
        let planned = s.run("imgplan", ["--view", view, "req.yml"]);
        let plan = &planned.ok().json()[0];
        assert_eq!(
            (&plan["base_image"], &plan["needs_build"]),
            (&reference.as_str().into(), &true.into())
        );
        assert_eq!(plan["marks"]["essential"], 100);
    }
    let line = "set -o pipefail; imgplan --view both req.yml | imgbuild --quiet | imgload";
    let loaded = s.run("bash", ["-c", line]);
    let base = format!("{}:latest", s.image("base"));
    loaded.ok().stdout(&format!("{base}\n"));
    assert!(s.path(s.archive("base")).is_file() && engine().has(&base));
    assert_eq!(taken(&s, &[]), s.archive("base"));
    // An image cannot be its own base: if only the engine has it, it is built again.
    s.remove(&s.archive("base"));
    let planned = s.run("imgplan", ["--view", "both", "req.yml"]);
    assert_eq!(planned.ok().json()[0]["base_image"], reference);
    // In neither.
    s.forget(&base);
    s.forget(&reference);
    assert_eq!(taken(&s, &["--view", "both"]), "none");
}
