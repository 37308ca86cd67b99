//! Several requirements of one name are one image with the contents of all.

use super::*;

/// A registered base with an apt, which is not in the engine.
fn with_apt(s: &Sandbox) {
    let base = Image::new().apt().build(s, "base");
    s.run("imgsave", ["-q", &base]).ok();
    s.forget(&base);
}

/// Writes imgplan's plan for the image `tool` with some packages, on the base.
fn require(s: &Sandbox, file: &str, packages: &[&str]) {
    let plan = serde_json::json!({
        "name": s.image("tool"), "needs_build": true, "best_base_image_path": s.archive("base"),
        "requirements": {
            "project": s.project(), "os": "debian:12", "variants": ["tool"], "packages": packages,
        },
        "missing": { "packages": packages },
    });
    s.write(file, plan.to_string());
    let mut exact = plan;
    exact["exact"] = true.into();
    s.write(&format!("{file}-exact"), exact.to_string());
}

/// The packages that the image `tool` installed, each once.
fn installed(s: &Sandbox) -> Vec<String> {
    let text = s.run("imgcat", [&s.image("tool"), "/installed"]);
    let mut names: Vec<_> = text.ok().stdout.lines().map(str::to_owned).collect();
    names.sort();
    names
}

/// The lines of the image `tool` in the registry.
fn entry(s: &Sandbox) -> String {
    let registry = s.read("image-registry.yml");
    let at = registry.find(&format!("name: {}\n", s.image("tool")));
    let rest = &registry[at.unwrap_or_else(|| panic!("no entry in {registry}"))..];
    rest.split("- name: ").next().unwrap_or(rest).to_owned()
}

fn layers(s: &Sandbox) -> u64 {
    let image = s.run("imgls", ["--long", "--json", &s.image("tool")]);
    let json = &image.ok().json()[0];
    json["layers"]
        .as_u64()
        .unwrap_or_else(|| panic!("no layers in {json}"))
}

#[test]
fn a_later_requirement_adds_and_a_repeated_one_does_nothing() {
    let s = Sandbox::new();
    with_apt(&s);
    require(&s, "a", &["aa"]);
    require(&s, "b", &["bb"]);
    let built = |run: &str| s.sh(run).ok().json()[0]["built"].clone();
    assert_eq!(built("imgbuild -q --json a"), true);
    assert_eq!(installed(&s), ["aa"]);
    let first = layers(&s);
    assert_eq!(built("imgbuild -q --json b"), true);
    assert_eq!(installed(&s), ["aa", "bb"]);
    let said = entry(&s);
    assert!(said.contains("requested: {packages: [aa, bb]"), "{said}");
    let base = format!("base: {}\n", s.image("base"));
    assert!(said.contains(&base), "{said}");
    assert_eq!(layers(&s), first, "it stands on the base, not on itself");
    // Neither plan needs a build any more, alone or together.
    for run in ["a", "b", "a b", "--jobs 2 b a"] {
        let lines = s.sh(&format!("imgbuild -q --json {run}")).ok().json();
        assert!(lines.iter().all(|line| line["built"] == false), "{run}");
    }
    assert_eq!(entry(&s), said);
}

#[test]
fn plans_of_one_call_are_one_build() {
    for (words, order) in [("", "a b"), ("--jobs 3", "b a")] {
        let s = Sandbox::new();
        with_apt(&s);
        require(&s, "a", &["aa", "common"]);
        require(&s, "b", &["bb", "common"]);
        let run = format!("cat {order} | imgbuild --json {words}");
        let outcome = s.sh(&run);
        let lines = outcome.ok().json();
        assert_eq!(lines.len(), 2, "{outcome}");
        assert!(lines.iter().all(|line| line["built"] == true), "{outcome}");
        let builds = format!("building {}", s.image("tool"));
        assert_eq!(outcome.stderr.matches(&builds).count(), 1, "{outcome}");
        assert_eq!(installed(&s), ["aa", "bb", "common"]);
        for line in s.sh(&run).ok().json() {
            assert_eq!(line["built"], false);
        }
    }
}

#[test]
fn what_was_found_is_still_there_at_the_end() {
    let s = Sandbox::new();
    with_apt(&s);
    require(&s, "a", &["aa"]);
    require(&s, "b", &["bb"]);
    s.sh("imgbuild -q a").ok();
    // Its entry lacks `requested`: only the plan that found it says that `aa` is required.
    let registry = s.read("image-registry.yml");
    let lines = registry.lines().filter(|line| !line.contains("requested:"));
    s.write(
        "image-registry.yml",
        lines.collect::<Vec<_>>().join("\n") + "\n",
    );
    let path = s.archive("tool");
    let found = s.read("a").replace(
        r#""needs_build":true"#,
        &format!(r#""needs_build":false,"best_image_path":"{path}""#),
    );
    s.write("found", found);
    let outcome = s.sh("cat found b | imgbuild -q");
    outcome.ok().stdout(&format!("{path}\n{path}\n"));
    assert_eq!(installed(&s), ["aa", "bb"]);
}

#[test]
fn exact_plans_are_for_themselves_alone() {
    let s = Sandbox::new();
    with_apt(&s);
    require(&s, "a", &["aa"]);
    require(&s, "b", &["bb"]);
    s.sh("imgbuild -q a && imgbuild -q b-exact").ok();
    assert_eq!(installed(&s), ["bb"]);
    assert!(entry(&s).contains("requested: {packages: [bb]"));
    // Two plans that one image cannot meet: nothing is built, and both are named.
    let before = traces(&s);
    for files in ["a-exact b-exact", "a-exact b"] {
        for words in ["", "--jobs 2"] {
            let refused = s.sh(&format!("imgbuild {words} {files}"));
            let says = "plan 1 and plan 2 have different packages";
            refused
                .fails("imgbuild", 3, says)
                .stdout("")
                .stderr_has("hint: ")
                .stderr_lacks("building");
        }
    }
    assert_eq!(traces(&s), before);
    // With --keep-going, other plans of the call are built.
    let other = format!(
        r#"{{"name":"{}","best_base_image_path":"{}","missing":{{"packages":["cc"]}}}}"#,
        s.image("other"),
        s.archive("base")
    );
    s.write("other", other);
    let outcome = s.sh("imgbuild -q --keep-going a-exact b-exact other");
    outcome.code(3).stdout(&(s.archive("other") + "\n"));
}

#[test]
fn plans_that_differ_in_more_than_packages_are_refused() {
    let s = Sandbox::new();
    with_apt(&s);
    let plan = |job: &str, base: &str, more: &str| {
        format!(
            r#"{{"name":"{}","job":"{job}",{base},"missing":{{"packages":["aa"]}}{more}}}"#,
            s.image("tool")
        )
    };
    let on_base = format!(r#""best_base_image_path":"{}""#, s.archive("base"));
    let steps = r#","build":{"steps":[{"run":"true"}]}"#;
    let a = plan("A", &on_base, "");
    for (b, what) in [
        (plan("B", r#""base_image":"debian:12""#, ""), "base images"),
        (plan("B", &on_base, steps), "`build`"),
    ] {
        let refused = build(&s, &format!("{a}\n{b}"));
        let says = format!("A (plan 1) and B (plan 2) have different {what}");
        refused.fails("imgbuild", 3, &says).stderr_lacks("building");
    }
    // One base, named in two ways.
    let tag = format!(r#""base_image":"{}""#, s.image("base"));
    build(&s, &format!("{a}\n{}", plan("B", &tag, ""))).ok();
}

#[test]
fn of_two_at_once_the_image_holds_what_both_ask_for() {
    let s = Sandbox::new();
    with_apt(&s);
    require(&s, "a", &["aa"]);
    require(&s, "b", &["bb"]);
    let both = s.sh("imgbuild -q a & imgbuild -q b; code=$?; wait $! && exit $code");
    both.ok();
    assert_eq!(installed(&s), ["aa", "bb"]);
    assert!(entry(&s).contains("requested: {packages: ["));
}

#[test]
fn after_a_kill_the_image_holds_what_both_ask_for() {
    let s = Sandbox::new();
    with_apt(&s);
    require(&s, "a", &["aa"]);
    require(&s, "b", &["bb"]);
    s.sh("imgbuild -q a & sleep 0.4; kill -KILL $!; wait $!; imgbuild -q b && imgbuild -q a")
        .ok();
    assert_eq!(installed(&s), ["aa", "bb"]);
    s.sweep();
}

#[test]
fn a_changed_requirement_goes_through_the_pipeline() {
    let s = Sandbox::new();
    with_apt(&s);
    let pipe = |packages: &str, words: &str| {
        let project = s.project();
        s.write(
            "job.yml",
            format!(
                "project: {project}\nos: debian:12\nvariants: [tool]\npackages: [{packages}]\n"
            ),
        );
        let line = format!("imgplan job.yml {words} | imgbuild -q --json");
        s.sh(&line).ok().json()[0]["built"].clone()
    };
    assert_eq!(pipe("aa", ""), true);
    assert_eq!(pipe("bb", ""), true);
    for packages in ["aa", "bb", "bb, aa"] {
        assert_eq!(pipe(packages, ""), false, "{packages}");
    }
    assert_eq!(installed(&s), ["aa", "bb"]);
    assert_eq!(pipe("aa", "--exact"), true);
    assert_eq!(installed(&s), ["aa"]);
}

#[test]
fn an_earlier_requirement_that_can_not_be_met_any_more_is_named() {
    let s = Sandbox::new();
    with_apt(&s);
    require(&s, "a", &["gone"]);
    require(&s, "b", &["bb"]);
    s.sh("imgbuild -q a").ok();
    let registry = s.read("image-registry.yml");
    s.write("image-registry.yml", registry.replace("gone", "no-gone"));
    let before = traces(&s);
    let hint = "earlier requirements of this name also asked for no-gone: to leave them out, use `imgplan --exact`";
    let failed = s.sh("imgbuild b");
    failed
        .fails("imgbuild", 5, &s.image("tool"))
        .stderr_has(hint);
    assert_eq!(traces(&s), before, "{failed}");
    // A refused package of this plan is not blamed on earlier ones.
    require(&s, "own", &["no-own"]);
    s.write("image-registry.yml", registry.replace("gone", "other"));
    s.sh("imgbuild own")
        .fails("imgbuild", 5, "no-own")
        .stderr_lacks("earlier requirements of this name");
    s.write("image-registry.yml", registry.replace("gone", "no-gone"));
    // A custom build file must install it too.
    recipe(&s, "RUN apt-get install bb");
    s.sh("imgbuild b")
        .fails("imgbuild", 5, "lacks no-gone")
        .stderr_has(hint);
    s.sh("imgbuild -q b-exact").ok();
}

#[test]
fn an_unchanged_build_file_does_not_make_a_new_requirement_met() {
    let s = Sandbox::new();
    with_apt(&s);
    recipe(&s, "RUN apt-get install aa");
    require(&s, "a", &["aa"]);
    require(&s, "ab", &["aa", "bb"]);
    s.sh("imgbuild -q a").ok();
    s.sh("imgbuild --explain ab")
        .fails("imgbuild", 5, "lacks bb")
        .stderr_has("  lacks bb\n");
    recipe(&s, "RUN apt-get install aa bb");
    s.sh("imgbuild -q ab").ok();
    assert_eq!(installed(&s), ["aa", "bb"]);
}

#[test]
fn explains_which_requirement_made_the_build_necessary() {
    let s = Sandbox::new();
    with_apt(&s);
    require(&s, "a", &["aa"]);
    require(&s, "b", &["bb"]);
    s.sh("imgbuild -q a").ok();
    let on = format!("on {}", s.image("base"));
    let lines = |more: &str| {
        let name = s.image("tool");
        format!("imgbuild: {name}:\n  lacks bb\n  with aa for earlier requirements\n{more}")
    };
    let looked = s.sh("imgbuild -n b");
    assert_eq!(looked.ok().stderr, lines(&format!("  {on}\n")));
    let built = s.sh("imgbuild -q --explain b");
    assert_eq!(built.ok().stderr, lines(""));
    assert!(entry(&s).contains("built_because: lacks bb\n"));
}

#[test]
fn versions_that_differ_are_refused_with_both_plans() {
    let s = Sandbox::new();
    with_apt(&s);
    require(&s, "a", &["bc=1"]);
    require(&s, "b", &["bc=2"]);
    let before = traces(&s);
    for words in ["", "--jobs 2"] {
        let says = "plan 1 and plan 2 have different versions of package `bc`";
        let refused = s.sh(&format!("imgbuild {words} a b"));
        refused.fails("imgbuild", 3, says).stderr_lacks("building");
    }
    assert_eq!(traces(&s), before);
}

#[test]
fn requirements_that_share_a_name_do_not_replace_each_other() {
    let s = Sandbox::new();
    with_apt(&s);
    let plan = |wanted: &str| {
        let (name, base) = (s.image("gcc12"), s.archive("base"));
        let project = s.project();
        format!(
            r#"{{"name":"{name}","best_base_image_path":"{base}","requirements":{{"project":"{project}","os":"debian:12",{wanted}}}}}"#
        )
    };
    build(&s, &plan(r#""variants":["gcc12"]"#)).ok();
    let before = s.read("image-registry.yml");
    for words in [&[][..], &["-n"]] {
        let command = s.command("imgbuild").args(words);
        let refused = command.input(plan(r#""compilers":["gcc-12"]"#)).run();
        let says = "was built with no compilers and variant gcc12, but the plan of the same name asks for compiler gcc-12 and no variants";
        refused.fails("imgbuild", 3, says);
        refused
            .stderr_has("hint: ")
            .stderr_lacks("building")
            .stdout("");
        assert_eq!(s.read("image-registry.yml"), before);
    }
    build(&s, &plan(r#""variants":["gcc12"]"#))
        .ok()
        .stderr_lacks("building");
}
