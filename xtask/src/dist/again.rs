//! Whether the same sources make the same bytes elsewhere.

use std::collections::BTreeMap;
use std::fs;

use camino::Utf8Path;

use super::SUMS;
use crate::Error;
use crate::folders::{remove, workspace};
use crate::process::{Runner, command};
use crate::test::cargo_words;

/// Makes everything once more from a clone in another folder, with a target folder of its own, and compares.
pub(super) fn check(runner: &Runner, target: &Utf8Path) -> Result<(), Error> {
    let git = |words: &[&str]| {
        let words = ["git"].into_iter().chain(words.iter().copied());
        command(words).folder(workspace())
    };
    // A clone has what is committed.
    let changed = runner.read_all(&git(&["status", "--porcelain"]))?;
    if !changed.trim().is_empty() {
        return Err(Error::Missing {
            what: format!("what was made can't be compared: not committed is\n{changed}"),
            hint: "commit it first".into(),
        });
    }
    let folder = target.join("dist-again");
    remove(&folder)?;
    // Another length of the path, too.
    let clone = folder.join("a clone somewhere else");
    let from = workspace().as_str();
    runner.run_quietly(&git(&[
        "clone",
        "--quiet",
        "--shared",
        from,
        clone.as_str(),
    ]))?;
    eprintln!("making everything again in {clone}");
    let words = "run --quiet --locked --package xtask -- dist".split(' ');
    let own = clone.join("target");
    let again = cargo_words(words.map(str::to_owned))
        .folder(&clone)
        .variable("CARGO_TARGET_DIR", own.as_str());
    runner.run(&again)?;
    let read = |path: &Utf8Path| fs::read_to_string(path).map_err(Error::io(path));
    let first = read(&target.join("dist").join(SUMS))?;
    let second = read(&own.join("dist").join(SUMS))?;
    let others = others(&first, &second);
    if !others.is_empty() {
        return Err(Error::Wrong(format!(
            "made again in {clone}, these are others: {}",
            others.join(", ")
        )));
    }
    eprintln!("made again elsewhere, all is the same to the last byte");
    remove(&folder)
}

/// The names whose sums are not the same in both lists.
fn others<'a>(first: &'a str, second: &'a str) -> Vec<&'a str> {
    let sums = |text: &'a str| -> BTreeMap<&'a str, &'a str> {
        let lines = text.lines().filter_map(|line| line.split_once("  "));
        lines.map(|(sum, name)| (name, sum)).collect()
    };
    let (first, second) = (sums(first), sums(second));
    let names = first.keys().chain(second.keys()).copied();
    let mut others: Vec<_> = names
        .filter(|name| first.get(name) != second.get(name))
        .collect();
    others.sort_unstable();
    others.dedup();
    others
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named_once() {
        let first = "aa  x.deb\nbb  x.tar.gz\n";
        for (second, expected) in [
            (first, vec![]),
            ("bb  x.tar.gz\naa  x.deb\n", vec![]),
            ("ab  x.deb\nbb  x.tar.gz\n", vec!["x.deb"]),
            ("aa  x.deb\n", vec!["x.tar.gz"]),
            ("aa  x.deb\nbb  x.tar.gz\ncc  y\n", vec!["y"]),
        ] {
            assert_eq!(others(first, second), expected, "{second}");
        }
    }
}
