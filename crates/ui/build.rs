//! Gives the program's version its commit: `0.1.0 (abc1234 2026-11-26)`.
//!
//! The commit is the one that Git has checked out here, or, in a tarball that `git archive` made, the one that it wrote into
//! `commit.txt`. Sources that come in another way have a version without. The date is the commit's own, so that the same
//! sources make the same program.

use std::path::Path;
use std::process::Command;

/// What `git archive` fills in.
const ARCHIVED: &str = "commit.txt";
/// How much of a hash people need.
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

/// The commit that is checked out, if these sources are Git's.
fn checked_out() -> Option<(String, String)> {
    // Somebody else's repository may be around a tarball's folder.
    if git(&["rev-parse", "--show-prefix"])? != "crates/ui/" {
        return None;
    }
    // Every commit, checkout and reset is noted in the second; the others are for who keeps no notes. A file that is not
    // there would be taken for changed each time.
    for name in ["HEAD", "logs/HEAD", "packed-refs"] {
        let path = git(&["rev-parse", "--git-path", name])?;
        if Path::new(&path).exists() {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    commit(&git(&["log", "-1", "--format=%H %cs"])?)
}

/// The commit that a tarball was made of.
fn archived() -> Option<(String, String)> {
    commit(&std::fs::read_to_string(ARCHIVED).ok()?)
}

fn commit(line: &str) -> Option<(String, String)> {
    let (hash, date) = line.trim().split_once(' ')?;
    let is_hash = hash.len() > SHORT && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then(|| (hash[..SHORT].to_owned(), date.to_owned()))
}

/// What Git says, where there is one.
fn git(words: &[&str]) -> Option<String> {
    let output = Command::new("git").args(words).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.trim().is_empty()).then(|| text.trim().to_owned())
}
