//! Hostile workflows.

use std::fmt::Write as _;

use pipeline_tests::Sandbox;

use crate::BREAKING_OUT;
use crate::printed::harmless;
use crate::sizes::{MEMORY, SECONDS};

/// A matrix's values reach a plan through the same names as a requirement, and none controls a terminal.
#[test]
fn no_matrix_breaks_out_of_its_names() {
    let s = Sandbox::without_engine();
    for text in BREAKING_OUT {
        for key in [
            "compiler",
            "version",
            "install",
            "architecture",
            "container",
            "runs-on",
            "asan",
        ] {
            let mut entry = serde_json::json!({"name": "x", "runs-on": "ubuntu-24.04"});
            entry[key] = text.into();
            if key == "version" {
                entry["compiler"] = "gcc".into();
            }
            let job = serde_json::json!({"jobs": {"a": {
                "runs-on": "${{ matrix.runs-on }}",
                "container": "${{ matrix.container }}",
                "strategy": {"matrix": {"include": [entry]}},
            }}});
            let words = ["--project", "p", "--workflow", "-"];
            let planned = s
                .command("imgplan")
                .args(words)
                .input(job.to_string())
                .run();
            // Packages are a list separated by white space, so several words are several packages.
            let is_list = ["install", "compiler", "architecture"].contains(&key);
            let is_word = |word: &str| word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            let is_words = is_list && text.split_whitespace().all(is_word);
            if !is_words {
                planned.fails("imgplan", 3, "");
            }
            assert!(!planned.stdout.contains("/pwned"), "{key}: {planned}");
            harmless(&planned);
        }
    }
    // Names are shown to people, without their control characters.
    let text = "jobs: {\"a\\e[31m\": {name: \"x\\e]0;evil\\a\\u202e\", runs-on: windows-2022}, b: {name: \"y\\e[2J\", runs-on: ubuntu-24.04}}";
    for words in [
        &[][..],
        &["--list"],
        &["--list", "--json"],
        &["--act"],
        &["--explain"],
    ] {
        let ran = s
            .command("imgplan")
            .args(["--project", "p", "--workflow", "-"])
            .args(words);
        let ran = ran.input(text).run();
        harmless(ran.ok());
    }
}

/// Matrices and expressions that expand beyond their text.
#[test]
fn matrices() {
    let s = Sandbox::without_engine();
    let axis = |items: usize| format!("[{}]", "1,".repeat(items));
    let cross: String = (0..20).fold(String::new(), |mut text, axis| {
        let _ = writeln!(text, "        a{axis}: [1,2,3,4,5,6,7,8,9,10]");
        text
    });
    let wide = format!(
        "        a: {}\n        b: [{{x: {}}}]\n",
        axis(10_000),
        axis(10_000)
    );
    let includes = format!(
        "        a: {}\n        include:\n{}",
        axis(1_000),
        "        - {x: [1,2,3,4,5,6,7,8,9,10]}\n".repeat(2_000)
    );
    let nested = (0..40).fold("'x'".to_owned(), |inner, _| {
        format!("format('{{0}}{{0}}{{0}}', {inner})")
    });
    let expression = format!("        a: [\"${{{{ {nested} }}}}\"]\n");
    let deep = format!("        a: [\"${{{{ {} }}}}\"]\n", "(".repeat(20_000));
    let chain = format!("        a: [\"${{{{ 1{} }}}}\"]\n", " || 0".repeat(5_000));
    for (what, matrix) in [
        ("10^20 combinations", cross),
        ("a wide value in every combination", wide),
        ("an include that is added to all", includes),
        ("an expression that grows", expression),
        ("an expression that nests", deep),
        ("an expression of many operators", chain),
    ] {
        s.write(
            "ci.yml",
            format!("jobs:\n  a:\n    runs-on: ubuntu-24.04-${{{{ matrix.a }}}}\n    strategy:\n      matrix:\n{matrix}"),
        );
        let line = format!(
            "ulimit -v {MEMORY}; timeout {SECONDS} imgplan --quiet --project p --workflow ci.yml"
        );
        let outcome = s.sh(&line);
        outcome.code(3).stderr_lacks("panicked");
        assert!(
            outcome.stderr.len() < 10_000,
            "{what}: {}",
            outcome.stderr.len()
        );
        harmless(&outcome);
    }
}
