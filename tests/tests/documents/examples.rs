//! The documents with sessions, and the check that every example is tested.

use xtask::folders::workspace;

use crate::document::{blocks, is_used};
use crate::session::run;

macro_rules! documents {
    ($($test:ident: $name:literal,)*) => {
        /// The documents that are run here.
        const SESSIONS: &[&str] = &[$($name,)*];

        $(
            #[test]
            fn $test() {
                run($name, include_str!(concat!("../../../", $name)));
            }
        )*
    };
}

documents! {
    the_readme: "README.md",
    the_tutorial: "docs/tutorial.md",
    build_files: "docs/build-files.md",
    plans: "docs/plans.md",
    steps: "docs/steps.md",
    workflows: "docs/workflows.md",
    git: "docs/git.md",
    archives: "docs/archives.md",
    upkeep: "docs/upkeep.md",
    registry: "docs/registry.md",
    config: "docs/config.md",
    exit_codes: "docs/exit-codes.md",
    troubleshooting: "docs/troubleshooting.md",
}

/// Examples that other tests check, by document and kind of block, with the test.
const ELSEWHERE: &[(&str, &str, &str)] = &[
    (
        "docs/remote.md",
        "console",
        "remote/documents.rs, with a registry",
    ),
    (
        "docs/remote.md",
        "yaml",
        "remote/documents.rs, with a registry",
    ),
    ("docs/ci.md", "yaml", "recipes.rs"),
    ("docs/ci.md", "groovy", "recipes.rs"),
    ("docs/ci.md", "make", "recipes.rs"),
    (
        "docs/git.md",
        "yaml",
        "remote/documents.rs, as docs/remote.md has it",
    ),
    (
        "docs/build-files.md",
        "dockerfile",
        "imgbuild's own tests of what it generates",
    ),
    (
        "docs/build-files.md",
        "json",
        "plan's own tests, which read it",
    ),
    (
        "docs/plans.md",
        "json",
        "plan's own tests of what a plan looks like",
    ),
    ("docs/flags.md", "", "xtask generate --check"),
    (
        "CONTRIBUTING.md",
        "rust",
        "the compiler: they are taken from the code",
    ),
];

/// Names of programs: a block that begins with one is an example.
const PROGRAMS: [&str; 5] = ["img", "docker ", "cargo ", "echo ", "act "];

#[test]
fn no_example_is_forgotten() {
    let folder = workspace();
    let listed = folder.join("docs").read_dir_utf8().expect("docs");
    let names = listed.map(|entry| format!("docs/{}", entry.expect("an entry").file_name()));
    let names = names.filter(|name| name.ends_with(".md"));
    let mut forgotten = String::new();
    for name in names.chain(["README.md".into(), "CONTRIBUTING.md".into()]) {
        let text = std::fs::read_to_string(folder.join(&name)).expect("a document");
        for block in blocks(&text) {
            let is_run = SESSIONS.contains(&&*name) && is_used(&block);
            let is_elsewhere = ELSEWHERE
                .iter()
                .any(|(document, kind, _)| *document == name && *kind == block.kind);
            let is_picture = block.kind.is_empty()
                && !PROGRAMS
                    .iter()
                    .any(|program| block.text.starts_with(program));
            if block.excused.is_none() && !is_run && !is_elsewhere && !is_picture {
                forgotten += &format!("{name}:{}: `{}`\n", block.line, block.kind);
            }
        }
    }
    assert!(forgotten.is_empty(), "{forgotten}");
}

#[test]
fn a_filter_that_contributors_are_told_matches_a_test() {
    let folder = workspace();
    let told = std::fs::read_to_string(folder.join("CONTRIBUTING.md")).expect("the document");
    let mut count = 0;
    for line in told.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [
            "cargo",
            "test",
            "-p",
            "pipeline-tests",
            "--test",
            target,
            "--",
            filter,
            ..,
        ] = words[..]
        else {
            continue;
        };
        let code = folder.join(format!("tests/tests/{target}.rs"));
        let code = std::fs::read_to_string(code).expect("a test target");
        let mut after_test = code.split("#[test]\nfn ").skip(1);
        let has =
            after_test.any(|test| test.split('(').next().unwrap_or_default().contains(filter));
        assert!(has, "no test of `{target}` has `{filter}` in its name");
        count += 1;
    }
    assert!(count > 0, "CONTRIBUTING.md names no filter");
}
