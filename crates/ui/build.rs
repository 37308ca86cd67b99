//! Adds the commit to the program's version: `0.1.0 (abc1234 2026-11-26)`.
//!
//! It is the commit that Git has checked out here. In a tarball of `git archive`, it is the commit in `commit.txt`.
//! Other sources have a version without a commit. The date is the commit's own, so that the same sources make the same
//! program.

use std::path::Path;
use std::process::Command;

/// `git archive` fills in this file.
const ARCHIVED: &str = "commit.txt";
/// How many digits of a hash to show.
const SHORT: usize = 7;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={ARCHIVED}");
    let number = env!("CARGO_PKG_VERSION");
    let version = match checked_out().or_else(archived) {
        Some((hash, date)) => format!("{number} ({hash} {date})"),
        None => number.to_owned(),
    };
    println!("cargo::rustc-env=IMGPIPE_VERSION={version}");
}

/// The checked-out commit, if these sources are in Git.
fn checked_out() -> Option<(String, String)> {
    // The tarball's folder may be inside another repository.
    if git(&["rev-parse", "--show-prefix"])? != "crates/ui/" {
        return None;
    }
    // The second file changes with every commit, checkout and reset; the others are for repositories without it.
    // Missing files would trigger a rebuild each time.
    for name in ["HEAD", "logs/HEAD", "packed-refs"] {
        let path = git(&["rev-parse", "--git-path", name])?;
        if Path::new(&path).exists() {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    commit(&git(&["log", "-1", "--format=%H %cs"])?)
}

/// The commit of a tarball.
fn archived() -> Option<(String, String)> {
    commit(&std::fs::read_to_string(ARCHIVED).ok()?)
}

fn commit(line: &str) -> Option<(String, String)> {
    let (hash, date) = line.trim().split_once(' ')?;
    let is_hash = hash.len() > SHORT && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then(|| (hash[..SHORT].to_owned(), date.to_owned()))
}

/// Git's output, if Git is installed.
fn git(words: &[&str]) -> Option<String> {
    let output = Command::new("git").args(words).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.trim().is_empty()).then(|| text.trim().to_owned())
}
