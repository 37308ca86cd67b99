//! Whether the dependencies are what `deny.toml` allows: licences, sources, versions, and known faults.
//!
//! `cargo-deny` judges. Where it is not installed it is built once, below the target folder. What can't be had without a network
//! is told in the table of steps, and fails nothing: the tests are of use without it too.

use camino::{Utf8Path, Utf8PathBuf};

use crate::Error;
use crate::folders::workspace;
use crate::process::{Command, Runner, command};
use crate::steps::Steps;
use crate::test::cargo_words;

/// The version that is built here; any other that is installed does as well.
const VERSION: &str = "0.20.2";
/// What needs no more than the crates themselves.
const CRATES: &str = "licences, sources and versions of dependencies";
/// What needs RustSec's database.
const ADVISORIES: &str = "advisories";

pub(crate) fn check(runner: &Runner, target: &Utf8Path, steps: &mut Steps) -> Result<(), Error> {
    let Some(deny) = deny(runner, target)? else {
        steps.left_out(
            CRATES,
            "cargo-deny is not installed, and can't be built here",
        );
        steps.left_out(ADVISORIES, "without cargo-deny");
        return Ok(());
    };
    let run = |words: &str| deny_words(&deny, words);
    steps.run(CRATES, || runner.run(&run("check licenses bans sources")))?;
    if runner.succeeds(&run("fetch db"))? {
        return steps.run(ADVISORIES, || runner.run(&run("check advisories")));
    }
    if !has_copy(runner) {
        steps.left_out(
            ADVISORIES,
            "RustSec's database can't be fetched, and there is no copy of it from an earlier time",
        );
        return Ok(());
    }
    steps.run("advisories, from an earlier copy", || {
        runner.run(&run("--offline check advisories"))
    })
}

/// cargo-deny: the one that is installed, or one of our own; none where it can't be built.
fn deny(runner: &Runner, target: &Utf8Path) -> Result<Option<Utf8PathBuf>, Error> {
    let installed = Utf8PathBuf::from("cargo-deny");
    let tools = target.join("tools");
    let own = tools.join("bin/cargo-deny");
    for program in [&installed, &own] {
        if runner.succeeds(&deny_words(program, "--version"))? {
            return Ok(Some(program.clone()));
        }
    }
    eprintln!("building cargo-deny {VERSION}, once");
    let words = [
        "install",
        "--quiet",
        "--locked",
        // It runs for a second, and optimising it takes minutes.
        "--debug",
        "--version",
        VERSION,
        "--root",
        tools.as_str(),
        "cargo-deny",
    ];
    let install = cargo_words(words.into_iter().map(str::to_owned));
    match runner.run(&install) {
        Ok(()) => Ok(Some(own)),
        Err(Error::Failed { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

fn deny_words(program: &Utf8Path, words: &str) -> Command {
    command([program.as_str()].into_iter().chain(words.split(' '))).folder(workspace())
}

/// Whether cargo-deny has fetched the database before; it keeps it with Cargo's own things.
fn has_copy(runner: &Runner) -> bool {
    let home = runner.variable("CARGO_HOME").or_else(|| {
        let home = runner.variable("HOME")?;
        Some(format!("{home}/.cargo"))
    });
    let Some(home) = home else { return false };
    let copies = Utf8Path::new(&home).join("advisory-dbs");
    let Ok(mut copies) = copies.read_dir_utf8() else {
        return false;
    };
    copies.any(|copy| copy.is_ok_and(|copy| copy.path().join("crates").is_dir()))
}
