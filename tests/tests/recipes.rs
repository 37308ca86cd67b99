//! The recipes of docs/ci.md, run as they are, as far as possible without their CI systems.

#![expect(clippy::expect_used, reason = "in tests, and in what they share")]

use pipeline_tests::{Sandbox, debian_base, engine};
use serde_yaml::Value;

const DOCUMENT: &str = include_str!("../../docs/ci.md");

/// The output of the tests in the recipes' project.
const TESTED: &str = "tested on debian 12";

/// The code block below a heading, or the one that begins with a line.
fn block(after: &str, kind: &str) -> String {
    let (_, below) = DOCUMENT.split_once(after).expect("the heading is there");
    let (_, block) = below
        .split_once(&format!("```{kind}\n"))
        .expect("a code block");
    let (block, _) = block.split_once("```").expect("it ends");
    block.to_owned()
}

/// A project with its base in the store, under the sandbox's own name.
fn project() -> Sandbox {
    let s = Sandbox::new();
    let own = |text: String| text.replace("capy", s.project());
    s.write("job.yml", own(block("as they stand here.", "yaml")));
    s.write(".localci.yml", block("as it is:\n", "yaml"));
    s.script(
        "run-tests.sh",
        ". /etc/os-release; echo tested on $ID $VERSION_ID",
    );
    s.run("imgsave", ["--name", &s.image("base"), "--", debian_base()])
        .ok();
    s
}

/// Runs lines of a recipe with the tests' engine, and a CI system's variables.
fn sh(s: &Sandbox, shell: &[&str], lines: &str) -> String {
    let lines = lines.replace("docker run", &format!("{} run", engine().program()));
    let run = s
        .command(shell[0])
        .args(&shell[1..])
        .arg(&lines)
        .variable("GITHUB_RUN_ID", "run-7")
        .variable("CI_JOB_ID", "run-7")
        .variable("BUILD_TAG", "run-7")
        .variable("GITHUB_ENV", s.path("github.env"))
        .variable(
            "IMAGE",
            s.read_if_there("github.env")
                .trim_start_matches("IMAGE=")
                .trim(),
        )
        .run();
    run.ok().stdout.clone()
}

/// The checks after each: the tests ran, no lease is left, and Git sees no change.
fn check(s: &Sandbox, registry: &str, said: &str) {
    assert!(said.contains(TESTED), "{said}");
    assert_eq!(s.read("image-registry.yml"), registry);
    let leases = s.files("images/.imgpipe/leases");
    assert_eq!(leases, [""; 0]);
    let used = s.read("images/.imgpipe/usage.json");
    assert!(used.contains("\"usage_count\":1"), "{used}");
}

#[test]
fn github_actions() {
    let s = project();
    let registry = s.read("image-registry.yml");
    let workflow: Value = serde_yaml::from_str(&block("## GitHub Actions", "yaml")).expect("YAML");
    let steps = workflow["jobs"]["test"]["steps"]
        .as_sequence()
        .expect("steps");
    let runs: Vec<_> = steps
        .iter()
        .filter_map(|step| step["run"].as_str())
        .collect();
    assert_eq!(runs.len(), 3);
    // Like the runner for a step without a shell.
    let said: Vec<_> = runs
        .iter()
        .map(|run| sh(&s, &["bash", "-e", "-c"], run))
        .collect();
    check(&s, &registry, &said.concat());
    let cache = steps.iter().find(|step| step["with"]["key"].is_string());
    let key = cache.expect("a cache")["with"]["key"]
        .as_str()
        .expect("a text");
    assert!(key.contains("hashFiles('image-registry.yml')"), "{key}");
}

#[test]
fn gitlab() {
    let s = project();
    let registry = s.read("image-registry.yml");
    let jobs: Value = serde_yaml::from_str(&block("## GitLab CI", "yaml")).expect("YAML");
    let lines = |key: &str| {
        let lines = jobs["test"][key].as_sequence().expect(key).iter();
        let lines: Vec<_> = lines.map(|line| line.as_str().expect("a line")).collect();
        lines.join("\n")
    };
    let said = sh(
        &s,
        &["bash", "-e", "-o", "pipefail", "-c"],
        &lines("script"),
    );
    sh(&s, &["bash", "-c"], &lines("after_script"));
    check(&s, &registry, &said);
}

#[test]
fn jenkins() {
    let s = project();
    let registry = s.read("image-registry.yml");
    let pipeline = block("## Jenkins", "groovy");
    let script = pipeline.split("'''").nth(1).expect("a script");
    let after = pipeline.rsplit('\'').nth(1).expect("a line");
    // Like Jenkins for a script.
    let said = sh(&s, &["sh", "-xe", "-c"], script);
    sh(&s, &["sh", "-xe", "-c"], after);
    check(&s, &registry, &said);
}

#[test]
fn a_makefile() {
    let s = project();
    let registry = s.read("image-registry.yml");
    let makefile = block("## A Makefile", "make");
    s.write(
        "Makefile",
        makefile.replace("docker run", &format!("{} run", engine().program())),
    );
    let said = s.run("make", ["--silent", "test"]);
    assert!(said.ok().stdout.contains(TESTED));
    s.run("make", ["--silent", "prune"]).ok();
    assert_eq!(s.read("image-registry.yml"), registry);
    s.write("job.yml", "project: [");
    s.run("make", ["--silent", "test"])
        .code(2)
        .stderr_has("job.yml");
}
