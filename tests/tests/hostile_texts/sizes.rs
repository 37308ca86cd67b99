//! Texts that would take all time and memory.
//!
//! `SIZES=FILE` records for each: milliseconds, peak memory in KiB, description.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;

use pipeline_tests::Sandbox;

use crate::printed::harmless;

/// The time limit for each, in seconds: enough for a debug build and a busy machine.
pub const SECONDS: u32 = 60;

/// The memory limit, in KiB of address space.
pub const MEMORY: u32 = 1 << 20;

/// Nine levels of nine aliases each, 9^9 texts when expanded.
fn bomb(top: &str) -> String {
    let mut text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..10 {
        let below = vec![format!("*a{}", level - 1); 9].join(", ");
        let _ = writeln!(text, "a{level}: &a{level} [{below}]");
    }
    format!("{text}{top}: *a9\n")
}

/// A text for each kind of excess.
fn texts(top: &str) -> Vec<(&'static str, String, bool)> {
    let deep = |open: &str, times: usize| format!("{top}: {}", open.repeat(times));
    let block: String = (0..20_000).fold(String::new(), |mut text, depth| {
        let _ = writeln!(text, "{}a:", " ".repeat(depth % 2_000));
        text
    });
    let stairs: String = (0..1_500).fold(String::new(), |mut text, depth| {
        let _ = writeln!(text, "{}a:", " ".repeat(depth));
        text
    });
    vec![
        ("a bomb", bomb(top), true),
        ("100,000 open brackets", deep("[", 100_000), true),
        ("100,000 open braces", deep("{a: ", 100_000), true),
        ("100,000 dashes", deep("- ", 100_000), true),
        ("1,500 levels by indentation", stairs, true),
        ("indentation to and fro", block, true),
        (
            "50 MB of entries",
            format!("{top}:\n{}", "- {a: b}\n".repeat(5_500_000)),
            true,
        ),
        (
            "50 MB of one word",
            format!("{top}: {}", "x".repeat(50_000_000)),
            true,
        ),
        ("50 MB of spaces", " ".repeat(50_000_000), true),
        (
            "600 KB of items",
            format!("{top}: [{}]", "a,".repeat(300_000)),
            true,
        ),
        (
            "3 MB of one word",
            format!("{top}: {}", "x".repeat(3_000_000)),
            true,
        ),
        (
            "3 MB of comments",
            format!("{}\n{top}: 1\n", "# x\n".repeat(750_000)),
            true,
        ),
        (
            "100 KB of items",
            format!("{top}: [{}]", "a,".repeat(50_000)),
            true,
        ),
        ("500 KB of documents", "---\n".repeat(125_000), false),
        (
            "500 KB of anchors",
            format!("{top}: [{}]", "&a a,".repeat(100_000)),
            true,
        ),
        (
            "1 MB of keys",
            (0..100_000).fold(String::new(), |mut text, key| {
                let _ = writeln!(text, "k{key}: 1");
                text
            }),
            false,
        ),
    ]
}

fn try_all(command: &str, file: &str, top: &str) {
    let s = Sandbox::without_engine();
    for (what, text, is_refused) in texts(top) {
        s.write(file, text);
        let line = format!(
            "ulimit -v {MEMORY}; began=$(date +%s%N); timeout {SECONDS} {command}; code=$?
             echo $((($(date +%s%N) - began) / 1000000)) > took; exit $code"
        );
        let outcome = s.sh(&line);
        let allowed: &[i32] = if is_refused { &[3] } else { &[0, 3] };
        assert!(allowed.contains(&outcome.code), "{what}\n{outcome}");
        assert!(
            outcome.stderr.len() < 10_000,
            "{what}: {} bytes",
            outcome.stderr.len()
        );
        outcome.stderr_lacks("panicked");
        harmless(&outcome);
        note(&format!("{}\t{command}: {what}", s.read("took").trim()));
    }
}

fn note(line: &str) {
    if let Some(path) = std::env::var_os("SIZES") {
        let file = File::options().append(true).create(true).open(path);
        let written = file.and_then(|mut file| writeln!(file, "{line}"));
        written.expect("the file for the sizes can be written");
    }
}

#[test]
fn registries() {
    try_all("imgls --no-engine", "image-registry.yml", "images");
}

#[test]
fn configs() {
    try_all(
        "imgprune --no-engine --dry-run --max-size 1B",
        "local-ci-config.yml",
        "images",
    );
}

#[test]
fn requirements() {
    try_all("imgplan requirement.yml", "requirement.yml", "packages");
}

#[test]
fn requirements_on_stdin() {
    try_all("imgplan < requirement.yml", "requirement.yml", "packages");
}

#[test]
fn plans() {
    try_all(
        "imgbuild --print-dockerfile plan.json",
        "plan.json",
        "requirements",
    );
}

#[test]
fn workflows() {
    try_all(
        "imgplan --quiet --project p --workflow ci.yml --list",
        "ci.yml",
        "jobs",
    );
}
