//! When an image is built, which requirements share an image, which are refused.

use pipeline_tests::{Outcome, Sandbox};
use serde_json::Value;

/// A sandbox with a registry of these entries, each with these extra keys, and with an archive.
fn sandbox(entries: &[(&str, &str)]) -> Sandbox {
    let s = Sandbox::without_engine();
    let mut registry = "version: 1.0\nimages:\n".to_owned();
    for (variant, pairs) in entries {
        let (name, file) = (s.image(variant), s.archive(variant));
        registry +=
            &format!("- {{name: {name}, file: {file}, docker_tag: {name}, os: 'debian:12', ");
        registry += &match pairs.contains("architecture:") {
            true => format!("{pairs}}}\n"),
            false => format!("architecture: x86_64, {pairs}}}\n"),
        };
        s.write(&file, "");
    }
    s.write("image-registry.yml", registry);
    s
}

/// A file with a requirement of the sandbox's project.
fn requirement(s: &Sandbox, file: &str, rest: &str) {
    let project = s.project();
    let machine = if rest.contains("architecture:") {
        ""
    } else {
        "architecture: x86_64\n"
    };
    s.write(
        file,
        format!("project: {project}\nos: debian:12\n{machine}{rest}\n"),
    );
}

fn field(outcome: &Outcome, key: &str) -> Vec<Value> {
    let plans = outcome.ok().json();
    let at = |plan: &Value| key.split('/').fold(plan.clone(), |it, key| it[key].clone());
    plans.iter().map(at).collect()
}

fn plan(s: &Sandbox, words: &[&str]) -> Outcome {
    s.run("imgplan", words)
}

#[test]
fn what_an_image_lacks_is_built() {
    let s = sandbox(&[
        ("base", "packages: [make]"),
        (
            "gcc12",
            "compilers: [gcc-12], packages: [make], tools: [cmake], variants: []",
        ),
        (
            "gcc12-asan",
            "compilers: [gcc-12], packages: [make], tools: [cmake, ninja], variants: [asan]",
        ),
    ]);
    for (rest, needs_build, lacks) in [
        (
            "compiler: gcc-12\npackages: [make]\ntools: [cmake]",
            false,
            "",
        ),
        (
            "compiler: gcc-12\nvariants: [asan]\ntools: [ninja]",
            false,
            "",
        ),
        (
            "compiler: gcc-12\npackages: [make, zlib1g-dev]",
            true,
            "no image has zlib1g-dev",
        ),
        (
            "compiler: gcc-12\ntools: [meson]",
            true,
            "no image has meson",
        ),
        (
            "compiler: gcc-12\nvariants: [tsan]",
            true,
            "no image has variant tsan",
        ),
        (
            "compiler: gcc-12\npackages: ['make=4.3']",
            true,
            "no image has make=4.3",
        ),
        ("compiler: gcc-13", true, "no image has gcc-13"),
        ("variants: [x86]", true, "no image has variant x86"),
    ] {
        requirement(&s, "req.yml", rest);
        let planned = plan(&s, &["--explain", "req.yml"]);
        assert_eq!(field(&planned, "needs_build"), [needs_build], "{rest}");
        planned.stderr_has(match needs_build {
            true => lacks,
            false => "meets the requirement",
        });
    }
    // An image without unrequested contents is preferred to one with more marks.
    requirement(&s, "req.yml", "compiler: clang-15\ntools: [ninja]");
    let planned = plan(&s, &["req.yml"]);
    assert_eq!(field(&planned, "best_base_image_path"), [s.archive("base")]);
}

/// `imgsave --variant` sets the name; a custom variant is in no file of the image.
#[test]
fn the_name_of_a_saved_image_says_its_variants() {
    let s = sandbox(&[("sdk", "compilers: []")]);
    for (variant, needs_build) in [("sdk", false), ("sdk2", true)] {
        requirement(&s, "req.yml", &format!("variants: [{variant}]"));
        let planned = plan(&s, &["req.yml"]);
        assert_eq!(field(&planned, "needs_build"), [needs_build], "{variant}");
    }
}

#[test]
fn jobs_that_install_the_rest_take_what_there_is() {
    let s = sandbox(&[("gcc12", "compilers: [gcc-12]")]);
    requirement(
        &s,
        "req.yml",
        "compiler: gcc-12\npackages: [zlib1g-dev]\ntools: [cmake]",
    );
    let both = plan(&s, &["--accept-missing", "packages,tools", "req.yml"]);
    assert_eq!(field(&both, "needs_build"), [false]);
    let repeated = "--accept-missing packages --accept-missing=tools req.yml".split(' ');
    let repeated = plan(&s, &repeated.collect::<Vec<_>>());
    assert_eq!(repeated.ok().stdout, both.stdout);
    let says = "lacks zlib1g-dev, cmake (accepted)";
    assert_eq!(both.stderr.matches(says).count(), 1, "{}", both.stderr);
    for one in ["packages", "tools"] {
        let planned = plan(&s, &["--accept-missing", one, "req.yml"]);
        assert_eq!(field(&planned, "needs_build"), [true], "{one}");
    }
    for config in ["[packages, tools]", "'packages,tools'"] {
        s.write(
            ".localci.yml",
            format!("plan: {{accept_missing: {config}}}\n"),
        );
        assert_eq!(field(&plan(&s, &["req.yml"]), "needs_build"), [false]);
    }
    requirement(&s, "req.yml", "compiler: gcc-12\nvariants: [asan]");
    assert_eq!(field(&plan(&s, &["req.yml"]), "needs_build"), [true]);
    plan(&s, &["--accept-missing", "compilers", "req.yml"]).fails("imgplan", 2, "`compilers`");
    s.write(".localci.yml", "plan:\n  accept_missing: [variants]\n");
    let says = ".localci.yml:2:20: `plan.accept_missing`: `variants` is not";
    plan(&s, &["req.yml"]).fails("imgplan", 3, says);
}

#[test]
fn requirements_of_one_name_are_one_image_however_they_arrive() {
    let s = sandbox(&[]);
    let parts = [
        "packages: [zlib1g-dev]",
        "tools: [cmake]",
        "packages: [make]",
    ];
    let mut together = String::new();
    for (number, part) in parts.iter().enumerate() {
        let file = format!("{number}.yml");
        requirement(&s, &file, part);
        together += &format!("---\n{}", s.read(&file));
    }
    let files = plan(&s, &["0.yml", "1.yml", "2.yml"]);
    let stdin = s.command("imgplan").input(together).run();
    assert_eq!(files.ok().stdout, stdin.ok().stdout);
    assert_eq!(
        files
            .stdout
            .lines()
            .collect::<std::collections::HashSet<_>>()
            .len(),
        1
    );
    let [first, ..] = &field(&files, "requirements")[..] else {
        panic!("no plan")
    };
    assert_eq!(first["packages"], serde_json::json!(["zlib1g-dev", "make"]));
    assert_eq!(first["tools"], serde_json::json!(["cmake"]));
    let exact = plan(&s, &["--exact", "0.yml", "1.yml"]);
    assert_eq!(
        field(&exact, "requirements/tools"),
        [serde_json::json!([]), serde_json::json!(["cmake"])]
    );
    assert_eq!(field(&exact, "exact"), [true, true]);
    assert!(!files.stdout.contains("exact"));
}

#[test]
fn names_can_tell_requirements_apart() {
    let s = sandbox(&[]);
    requirement(&s, "a.yml", "compiler: gcc-12\npackages: [zlib1g-dev]");
    requirement(&s, "b.yml", "compiler: gcc-12");
    let names = [s.image("gcc12-zlib1g-dev"), s.image("gcc12")];
    let distinct = plan(&s, &["--distinct", "a.yml", "b.yml"]);
    assert_eq!(field(&distinct, "name"), names);
    assert_eq!(
        field(&plan(&s, &["--distinct", "b.yml"]), "name"),
        names[1..]
    );
    s.write(".localci.yml", "plan: {names: distinct}\n");
    assert_eq!(field(&plan(&s, &["a.yml", "b.yml"]), "name"), names);
    // A test without a package needs an image that was not built for it.
    let s = sandbox(&[(
        "gcc12-zlib1g-dev",
        "compilers: [gcc-12], packages: [zlib1g-dev], requested: {packages: [zlib1g-dev]}",
    )]);
    requirement(&s, "b.yml", "compiler: gcc-12");
    assert_eq!(field(&plan(&s, &["b.yml"]), "needs_build"), [false]);
    for flag in ["--distinct", "--exact"] {
        assert_eq!(
            field(&plan(&s, &[flag, "b.yml"]), "needs_build"),
            [true],
            "{flag}"
        );
    }
}

#[test]
fn those_that_can_not_be_one_image_are_refused() {
    let s = sandbox(&[]);
    requirement(&s, "a.yml", "build: {target: a}");
    requirement(&s, "b.yml", "build: {target: b}");
    requirement(&s, "other.yml", "compiler: gcc-12");
    let both = plan(&s, &["a.yml", "b.yml"]);
    let says = format!(
        "{}: a.yml and b.yml both ask for this image, and `build` differs",
        s.image("base")
    );
    both.fails("imgplan", 3, &says);
    assert_eq!(both.stdout, "");
    let going_on = plan(&s, &["--keep-going", "a.yml", "other.yml", "b.yml"]);
    going_on.code(3);
    assert_eq!(going_on.stdout.lines().count(), 1);
    plan(&s, &["--distinct", "a.yml", "b.yml"]).ok();
}

#[test]
fn a_build_holds_what_the_image_was_built_for_before() {
    let requested = "requested: {packages: [zlib1g-dev], tools: [cmake]}";
    let s = sandbox(&[
        ("base", ""),
        (
            "gcc12",
            &format!("compilers: [gcc-12], packages: [zlib1g-dev], tools: [cmake], {requested}"),
        ),
    ]);
    requirement(&s, "req.yml", "compiler: gcc-12\npackages: [make]");
    let planned = plan(&s, &["--explain", "req.yml"]);
    let missing = serde_json::json!({"compilers": ["gcc-12"], "packages": ["make", "zlib1g-dev"], "tools": ["cmake"]});
    assert_eq!(field(&planned, "missing"), [missing]);
    assert_eq!(
        field(&planned, "requirements/packages"),
        [serde_json::json!(["make"])]
    );
    assert_eq!(field(&planned, "best_base_image_path"), [s.archive("base")]);
    planned.stderr_has("earlier requirements also asked for zlib1g-dev, cmake");
    let exact = plan(&s, &["--exact", "req.yml"]);
    assert_eq!(
        field(&exact, "missing/packages"),
        [serde_json::json!(["make"])]
    );
    // Present contents need no build.
    requirement(&s, "req.yml", "compiler: gcc-12\ntools: [cmake]");
    assert_eq!(field(&plan(&s, &["req.yml"]), "needs_build"), [false]);
    let s = sandbox(&[(
        "gcc12",
        "compilers: [gcc-12], requested: {packages: ['; rm -rf /']}",
    )]);
    requirement(&s, "req.yml", "compiler: gcc-12\npackages: [make]");
    let refused = plan(&s, &["req.yml"]);
    refused
        .fails("imgplan", 3, &format!("{}: ", s.image("gcc12")))
        .stderr_has("--exact");
}

#[test]
fn architectures_have_names_and_images_of_their_own() {
    let s = sandbox(&[
        ("gcc12", "compilers: [gcc-12]"),
        ("i386", "architecture: i386, compilers: [gcc-12]"),
    ]);
    for (rest, variant, needs_build) in [
        ("architecture: amd64", "gcc12", false),
        ("architecture: arm64", "gcc12-arm64", true),
        (
            "architecture: aarch64\nvariants: [asan]",
            "gcc12-asan-arm64",
            true,
        ),
        ("architecture: s390x", "gcc12-s390x", true),
        ("architecture: i686", "gcc12-x86", false),
        ("architecture: x86_64\nvariants: [x86]", "gcc12-x86", false),
    ] {
        requirement(&s, "req.yml", &format!("compiler: gcc-12\n{rest}"));
        let planned = plan(&s, &["req.yml"]);
        assert_eq!(field(&planned, "name"), [s.image(variant)], "{rest}");
        assert_eq!(field(&planned, "needs_build"), [needs_build], "{rest}");
    }
    let project = s.project();
    let os = |os: &str| plan(&s, &["--project", project, "--os", os]);
    let i386 = os("i386/debian:12");
    assert_eq!(field(&i386, "name"), [s.image("x86")]);
    assert_eq!(field(&i386, "requirements/architecture"), ["x86"]);
    let arm = os("arm64v8/ubuntu:24.04");
    assert_eq!(field(&arm, "base_image"), ["arm64v8/ubuntu:24.04"]);
    os("acme/debian:12").fails("imgplan", 3, "another registry or organisation");
    os("docker.io/library/debian:12").ok();
}

#[test]
fn keys_that_mean_nothing_are_refused_or_said() {
    let s = sandbox(&[]);
    requirement(&s, "req.yml", "x-note: mine\ncompliers: [gcc-12]");
    plan(&s, &["req.yml"]).fails(
        "imgplan",
        3,
        "req.yml: requirement is not valid: unknown key `compliers` (did you mean `compilers`?) at line 5 column 1",
    );
    requirement(&s, "req.yml", "x-note: mine");
    s.write(
        ".localci.yml",
        "images: {registyr: x}\nplan: {nmaes: distinct}\nother: {x: 1}\n",
    );
    let planned = plan(&s, &["req.yml"]);
    planned
        .ok()
        .stderr_has(".localci.yml:1:10: `images.registyr` is unknown and ignored; did you mean `images.registry`?")
        .stderr_has(".localci.yml:2:8: `plan.nmaes` is unknown and ignored; did you mean `plan.names`?");
    assert_eq!(planned.stderr.lines().count(), 2, "{}", planned.stderr);
    let said = s.run("imgls", ["--no-engine"]);
    assert_eq!(said.ok().stderr.matches("images.registyr").count(), 1);
}
