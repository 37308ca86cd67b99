//! A registry that lists less than its images contain.

use super::*;

/// A base with apt and a package, registered by hand without its contents.
fn registered_by_hand(s: &Sandbox) -> String {
    let base = Image::new()
        .apt()
        .file(
            "var/lib/dpkg/status",
            "Package: aa\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n\n",
        )
        .file("usr/bin/cmake", "")
        .build(s, "base");
    s.run("imgsave", ["-q", &base]).ok();
    s.forget(&base);
    let (name, file) = (s.image("base"), s.archive("base"));
    let registry = format!(
        "# ours\nversion: 1.0\nimages:\n  - name: {name} # by hand\n    file: {file}\n    docker_tag: {name}:latest\n    \
         os: 'debian:12'\n    architecture: amd64\n    packages: [zz]\n    team: core\n"
    );
    s.write("image-registry.yml", &registry);
    registry
}

/// A plan for a variant, made before the registry listed the base's contents.
fn plan(s: &Sandbox, variant: &str, packages: &[&str], tools: &[&str]) -> String {
    let plan = serde_json::json!({
        "name": s.image(variant), "needs_build": true, "best_base_image_path": s.archive("base"),
        "requirements": {
            "project": s.project(), "os": "debian:12", "packages": packages, "tools": tools,
        },
        "missing": { "packages": packages, "tools": tools },
    });
    plan.to_string()
}

#[test]
fn what_an_image_really_holds_is_not_built() {
    let s = Sandbox::new();
    let before = registered_by_hand(&s);
    let plan = plan(&s, "tool", &["aa"], &["cmake"]);
    // A dry run does not write.
    let looked = s.command("imgbuild").arg("-n").input(&*plan).run();
    looked
        .ok()
        .stderr_has("  up to date\n")
        .stderr_has("meets the requirement");
    assert_eq!(s.read("image-registry.yml"), before);
    let outcome = s.command("imgbuild").arg("--explain").input(&*plan).run();
    outcome
        .ok()
        .stdout(&(s.archive("base") + "\n"))
        .stderr_has("meets the requirement")
        .stderr_has("completed its entry")
        .stderr_lacks("building");
    let registry = s.read("image-registry.yml");
    for line in [
        "# ours\n",
        "# by hand\n",
        "os: 'debian:12'\n",
        "architecture: amd64\n",
        "packages: [zz, aa]\n",
        "team: core\n",
    ] {
        assert!(registry.contains(line), "{line} is not in\n{registry}");
    }
    assert!(registry.contains("cmake"), "{registry}");
}

#[test]
fn only_what_is_really_missing_is_installed() {
    let s = Sandbox::new();
    registered_by_hand(&s);
    let plan = plan(&s, "tool", &["aa", "bb"], &[]);
    let built = || {
        let outcome = s
            .command("imgbuild")
            .args(["-q", "--json"])
            .input(&*plan)
            .run();
        outcome.ok().json()[0]["built"].clone()
    };
    assert_eq!(built(), true);
    s.run("imgcat", [&s.image("tool"), "/installed"])
        .ok()
        .stdout("bb\n");
    assert!(
        s.read("image-registry.yml")
            .contains("packages: [zz, aa]\n")
    );
    assert_eq!(built(), false, "the same plan does nothing");
}

#[test]
fn one_look_serves_all_plans_of_a_call() {
    let s = Sandbox::new();
    registered_by_hand(&s);
    let both = ["one", "two"].map(|variant| plan(&s, variant, &["aa"], &[]));
    let path = s.archive("base") + "\n";
    build(&s, &both.join("\n"))
        .ok()
        .stdout(&path.repeat(2))
        .stderr_lacks("building");
}

#[test]
fn no_base_is_needed_for_what_is_there_already() {
    let s = Sandbox::new();
    registered_by_hand(&s);
    // The image itself, planned on a system that neither the store nor the engine has.
    let plan = plan(&s, "base", &["aa"], &[]);
    let base = format!(r#""best_base_image_path":"{}""#, s.archive("base"));
    let plan = plan.replace(&base, r#""base_image":"debian:2""#);
    assert!(plan.contains("debian:2"), "{plan}");
    for words in [&["-n"][..], &[]] {
        let outcome = s.command("imgbuild").args(words).input(&*plan).run();
        let path = s.archive("base") + "\n";
        let expected = if words.is_empty() { &path } else { "" };
        outcome.ok().stdout(expected);
    }
    assert!(
        s.read("image-registry.yml")
            .contains("packages: [zz, aa]\n")
    );
}
