//! A plan that found the image of its own name: it is built again only if its inputs changed.

use super::*;

/// A store with a base that has an apt, and a requirement for the image `tool`.
fn with_job(s: &Sandbox, packages: &str) {
    base(s);
    job(s, "job.yml", packages);
}

fn base(s: &Sandbox) {
    let base = Image::new().apt().build(s, "base");
    s.run("imgsave", ["-q", &base]).ok();
    s.forget(&base);
}

fn job(s: &Sandbox, file: &str, packages: &str) {
    let project = s.project();
    s.write(
        file,
        format!("project: {project}\nos: debian:12\nvariants: [tool]\npackages: [{packages}]\n"),
    );
}

/// Plans `job.yml`, which finds the image `tool`, and builds. Returns whether it was built, and the messages.
fn again(s: &Sandbox, words: &str) -> (bool, String) {
    let plan = s.sh("imgplan job.yml").ok().stdout.clone();
    assert!(plan.contains(r#""needs_build":false"#), "{plan}");
    s.write("plan.json", plan);
    let outcome = s.sh(&format!("imgbuild -q --json --explain {words} plan.json"));
    let line = outcome.ok().json().remove(0);
    assert_eq!(line["path"], s.archive("tool"));
    (line["built"] == true, outcome.stderr.clone())
}

/// No engine answers, and none is needed.
const NO_ENGINE: &str = "--engine /nonexistent/docker";

fn made(s: &Sandbox) -> String {
    let made = s.run("imgcat", [&s.image("tool"), "/made"]);
    made.ok().stdout.clone()
}

#[test]
fn a_build_file_that_was_edited() {
    let s = Sandbox::new();
    with_job(&s, "");
    recipe(&s, "RUN echo one > /made");
    s.sh("imgplan job.yml | imgbuild -q").ok();
    let (built, said) = again(&s, NO_ENGINE);
    assert!(!built && said.contains("up to date"), "{said}");

    recipe(&s, "RUN echo two > /made");
    s.sh("imgplan job.yml > plan.json").ok();
    let looked = s.sh("imgbuild -n plan.json").ok().stderr.clone();
    let on = format!("on {}", s.image("base"));
    assert!(looked.contains("the build file changed"), "{looked}");
    assert!(looked.contains(&on), "{looked}");
    let printed = s.sh("imgbuild --print-dockerfile plan.json");
    assert!(printed.ok().stdout.contains("echo two"));
    assert_eq!(made(&s), "one\n");

    let (built, said) = again(&s, "");
    assert!(built && said.contains("the build file changed"), "{said}");
    assert_eq!(made(&s), "two\n");
    assert!(!again(&s, NO_ENGINE).0);
    // Loading counts the use of an image, and changes nothing else.
    s.run("imgload", [s.image("tool")]).ok();
    assert!(!again(&s, NO_ENGINE).0);
}

#[test]
fn a_build_file_that_is_new() {
    let s = Sandbox::new();
    with_job(&s, "aa");
    s.sh("imgplan job.yml | imgbuild -q").ok();
    assert!(!again(&s, NO_ENGINE).0);
    recipe(&s, "RUN apt-get install aa && echo new > /made");
    assert!(again(&s, "").0);
    assert_eq!(made(&s), "new\n");
    assert!(!again(&s, NO_ENGINE).0);
    // A build that lacks a required package leaves the image as it was.
    recipe(&s, "RUN true");
    s.sh("imgplan job.yml | imgbuild -q")
        .fails("imgbuild", 5, "lacks aa");
    assert_eq!(made(&s), "new\n");
}

#[test]
fn a_base_that_was_replaced() {
    for form in ["", "--thin"] {
        let s = Sandbox::new();
        with_job(&s, "aa");
        job(&s, "other.yml", "bb");
        s.sh(&format!("imgplan other.yml | imgbuild -q {form}"))
            .ok();
        s.sh(&format!("imgplan job.yml | imgbuild -q {form}")).ok();
        assert!(!again(&s, NO_ENGINE).0);
        base(&s);
        let (built, said) = again(&s, form);
        assert!(built && said.contains("the base changed"), "{said}");
        // The packages of other requirements are still there.
        let installed = s.run("imgcat", [&s.image("tool"), "/installed"]);
        let installed = installed.ok().stdout.clone();
        assert!(installed.contains("aa") && installed.contains("bb"));
        assert!(!again(&s, NO_ENGINE).0);
        s.run("imgls", ["--check", "--no-engine"]).ok();
        // A missing base is no change.
        if form.is_empty() {
            s.sh(&format!("imgprune -q --no-engine {}", s.image("base")))
                .ok();
            assert!(!again(&s, NO_ENGINE).0);
        }
    }
}

#[test]
fn a_base_that_the_same_call_builds() {
    let s = Sandbox::new();
    base(&s);
    job(&s, "job.yml", "");
    let project = s.project();
    let low = s.image("low");
    let text = format!("project: {project}\nos: debian:12\nvariants: [low]\n");
    s.write("low.yml", text);
    let file = format!("images/{project}/Dockerfile.{low}");
    let write = |text: &str| {
        let text = format!("ARG BASE_IMAGE\nFROM $BASE_IMAGE\nRUN echo {text} > /low\n");
        s.write(&file, text);
    };
    write("one");
    s.sh("imgplan low.yml | imgbuild -q").ok();
    recipe(&s, "RUN cat /low > /made");
    let plan = format!(
        r#"{{"name":"{}","best_base_image_path":"{}","requirements":{{"project":"{project}","os":"debian:12","variants":["tool"]}}}}"#,
        s.image("tool"),
        s.archive("low")
    );
    build(&s, &plan).ok();
    assert_eq!(made(&s), "one\n");
    for (text, jobs) in [("two", ""), ("three", "--jobs 2")] {
        write(text);
        let outcome = s.sh(&format!(
            "imgplan job.yml low.yml | imgbuild -q --json {jobs}"
        ));
        let built: Vec<_> = outcome
            .ok()
            .json()
            .iter()
            .map(|line| line["built"] == true)
            .collect();
        assert_eq!(built, [true, true]);
        assert_eq!(made(&s), format!("{text}\n"));
    }
    let outcome = s.sh(&format!(
        "imgplan job.yml low.yml | imgbuild -q --json {NO_ENGINE}"
    ));
    assert!(
        outcome
            .ok()
            .json()
            .iter()
            .all(|line| line["built"] == false)
    );
}

#[test]
fn rebuild_builds_a_match_of_its_own_name() {
    let s = Sandbox::new();
    with_job(&s, "aa");
    s.sh("imgplan job.yml | imgbuild -q").ok();
    for words in ["--rebuild", "--no-cache"] {
        let (built, said) = again(&s, words);
        assert!(built && said.contains(words), "{said}");
    }
    let looked = s.sh("imgplan job.yml | imgbuild -n --rebuild");
    looked
        .ok()
        .stderr_has("  --rebuild\n")
        .stderr_lacks("warning");
    // Two plans are one build.
    job(&s, "two.yml", "");
    let outcome = s.sh("(imgplan job.yml; imgplan two.yml) | imgbuild --rebuild --json");
    assert!(outcome.ok().json().iter().all(|line| line["built"] == true));
    let builds = format!("building {}", s.image("tool"));
    assert_eq!(outcome.stderr.matches(&builds).count(), 1, "{outcome}");
}

#[test]
fn what_may_be_missing_is_not_asked_for_again() {
    let s = Sandbox::new();
    with_job(&s, "");
    recipe(&s, "RUN echo one > /made");
    s.sh("imgplan job.yml | imgbuild -q").ok();
    job(&s, "job.yml", "aa");
    recipe(&s, "RUN echo two > /made");
    let built = s.sh("imgplan --accept-missing packages job.yml | imgbuild -q --json");
    assert_eq!(built.ok().json()[0]["built"], true);
    assert_eq!(made(&s), "two\n");
}

#[test]
fn what_the_plan_can_not_build_again_stays() {
    let s = Sandbox::new();
    with_job(&s, "");
    let project = s.project();
    let text = format!(
        "project: {project}\nos: debian:12\nvariants: [tool]\nbuild: {{steps: [{{run: 'echo one > /made'}}]}}\n"
    );
    s.write("steps.yml", text);
    s.sh("imgplan steps.yml | imgbuild -q").ok();
    assert!(!again(&s, NO_ENGINE).0);
    base(&s);
    let (built, said) = again(&s, NO_ENGINE);
    assert!(
        !built && said.contains("warning: ") && said.contains("changed"),
        "{said}"
    );
    for words in ["--rebuild", "--rebuild -n"] {
        s.sh(&format!("imgbuild {words} plan.json"))
            .fails("imgbuild", 3, "that the plan does not have")
            .stderr_has("hint: ");
    }
    assert_eq!(made(&s), "one\n");
    // A removed build file.
    recipe(&s, "RUN echo file > /made");
    s.run("imgprune", ["-q", "--no-engine", &s.image("tool")])
        .ok();
    s.sh("imgplan job.yml | imgbuild -q").ok();
    s.remove(&format!("images/{project}/Dockerfile.{}", s.image("tool")));
    assert!(!again(&s, NO_ENGINE).0);
    s.sh("imgbuild --rebuild plan.json")
        .fails("imgbuild", 3, "that the plan does not have");
    assert_eq!(made(&s), "file\n");
}

#[test]
fn a_match_that_was_not_built_under_the_name_is_passed_on() {
    let s = Sandbox::new();
    base(&s);
    // Another name, and a saved image.
    for name in ["other", "tool"] {
        let project = s.project();
        let text = format!("project: {project}\nos: debian:12\nvariants: [tool]\n");
        s.write("job.yml", text);
        s.write(
            "other.yml",
            format!("project: {project}\nos: debian:12\nvariants: [tool, other]\n"),
        );
        if name == "tool" {
            let image = Image::new().busybox().build(&s, "tool");
            s.run("imgsave", ["-q", &image]).ok();
        } else {
            s.sh("imgplan other.yml | imgbuild -q").ok();
        }
        let plan = s.sh("imgplan job.yml").ok().stdout.clone();
        s.write("plan.json", &plan);
        assert!(plan.contains(r#""needs_build":false"#), "{plan}");
        recipe(&s, "RUN echo new > /made");
        let passed = s.sh(&format!("imgbuild -q --json {NO_ENGINE} plan.json"));
        assert_eq!(passed.ok().json()[0]["built"], false);
        let warned = s.sh(&format!("imgbuild --rebuild --json {NO_ENGINE} plan.json"));
        assert_eq!(warned.ok().json()[0]["built"], false);
        warned.stderr_has("has a match and needs no build");
    }
}
