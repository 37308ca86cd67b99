//! The crates' dependencies obey the tables of ARCHITECTURE.md.

#![expect(clippy::expect_used, reason = "in tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use camino::Utf8Path;
use serde_json::Value;
use xtask::folders::workspace;

const DOCUMENT: &str = include_str!("../../ARCHITECTURE.md");

/// The tables of ARCHITECTURE.md's map.
struct Map<'a> {
    /// The row of each crate in the table of layers. All commands are in the last row.
    rows: BTreeMap<&'a str, usize>,
    /// The crates around the layers.
    around: BTreeSet<&'a str>,
}

impl<'a> Map<'a> {
    fn read(document: &'a str) -> Self {
        let (_, section) = document.split_once("\n## Map\n").expect("a section");
        let (section, _) = section.split_once("\n## ").expect("another section");
        let (layers, around) = section.split_once("\nAround them:\n").expect("two tables");
        let rows = table(layers).enumerate().flat_map(|(row, cells)| {
            let [_, crates, job] = cells[..] else {
                panic!("{cells:?} is not a row of the layers");
            };
            let listed = match quoted(crates).count() {
                0 => job.split('.').next().unwrap_or_default(),
                _ => crates,
            };
            quoted(listed).map(move |name| (name, row))
        });
        Self {
            rows: rows.collect(),
            around: table(around).flat_map(|cells| quoted(cells[0])).collect(),
        }
    }

    /// Why a crate must not depend on another one; in tests, it may also use the crates around the layers.
    fn refuses(&self, user: &str, used: &str, is_test: bool) -> Option<String> {
        let row = |name: &str| self.rows.get(name).copied();
        match (row(user), row(used)) {
            (Some(above), Some(below)) if below == above => {
                Some(format!("`{user}` uses `{used}` of the same row"))
            }
            (Some(above), Some(below)) if below > above => {
                Some(format!("`{user}` uses `{used}` of a later row"))
            }
            (Some(_), None) if !is_test => {
                Some(format!("`{user}` uses `{used}`, which has no layer"))
            }
            _ => None,
        }
    }
}

/// The cells of a table's rows, without its header.
fn table(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let lines = text.lines().filter(|line| line.starts_with('|')).skip(2);
    lines.map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
}

/// The words between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// A package is known by its folder: `tests` has another name.
fn folder(path: &Value) -> Option<&str> {
    Utf8Path::new(path.as_str()?).file_name()
}

#[test]
fn dependencies_obey_the_layers() {
    let map = Map::read(DOCUMENT);
    let cargo = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
        .current_dir(workspace())
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&cargo.stdout).expect("cargo prints JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let mut wrong = Vec::new();
    let mut found = BTreeSet::new();
    for package in packages {
        let manifest = package["manifest_path"].as_str().map(Utf8Path::new);
        let user = manifest.and_then(|path| path.parent()?.file_name());
        let user = user.expect("a folder");
        found.insert(user);
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let Some(used) = folder(&dependency["path"]) else {
                continue;
            };
            wrong.extend(map.refuses(user, used, dependency["kind"] == "dev"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let known = map.rows.keys().chain(&map.around).copied();
    assert_eq!(
        known.collect::<BTreeSet<_>>(),
        found,
        "crates without a row"
    );
}

#[test]
fn wrong_dependencies_are_refused() {
    let map = Map::read(DOCUMENT);
    for (user, used, is_test, is_refused) in [
        ("archive", "naming", false, false),
        ("imgload", "transfer", false, false),
        ("manual", "imgload", false, false),
        ("transfer", "prune", false, false),
        ("prune", "transfer", false, true),
        ("naming", "engine", false, true),
        ("imgload", "imgsave", false, true),
        ("archive", "samples", false, true),
        ("archive", "samples", true, false),
        ("archive", "registry", true, true),
    ] {
        let refused = map.refuses(user, used, is_test);
        assert_eq!(refused.is_some(), is_refused, "{user} {used}");
    }
}
