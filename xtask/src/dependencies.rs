//! Checks the dependencies against `deny.toml`, with `cargo-deny`: licences, sources, versions, and advisories.
//!
//! Without a network, steps are left out instead of failing, because the other tests are still useful.

use camino::{Utf8Path, Utf8PathBuf};

use crate::Error;
use crate::cmd::variable;
use crate::steps::StepTimes;
use crate::tools;

/// The version that is built, if none is installed.
const VERSION: &str = "0.20.2";
const CRATES: &str = "licences, sources and versions of dependencies";
/// This needs RustSec's database.
const ADVISORIES: &str = "advisories";

pub(crate) fn check(target: &Utf8Path, steps: &StepTimes) -> Result<(), Error> {
    let Some(deny) = tools::find_or_build(target, "cargo-deny", VERSION)? else {
        steps.leave_out(
            CRATES,
            "cargo-deny is not installed, and can't be built here",
        );
        steps.leave_out(ADVISORIES, "without cargo-deny");
        return Ok(());
    };
    let run = |words: &str| deny.clone().args(words.split(' '));
    steps.run(CRATES, || run("check licenses bans sources").run())?;
    if run("fetch db").succeeds()? {
        steps.run(ADVISORIES, || run("check advisories").run())
    } else if has_copy() {
        let offline = run("--offline check advisories");
        steps.run("advisories, from an earlier copy", || offline.run())
    } else {
        steps.leave_out(
            ADVISORIES,
            "RustSec's database can't be fetched, and there is no copy of it",
        );
        Ok(())
    }
}

/// Whether an earlier run has fetched the database.
fn has_copy() -> bool {
    let home = variable("HOME").map(|home| Utf8PathBuf::from(home).join(".cargo"));
    let Some(home) = variable("CARGO_HOME").map(Utf8PathBuf::from).or(home) else {
        return false;
    };
    let copies = home.join("advisory-dbs").read_dir_utf8();
    copies
        .into_iter()
        .flatten()
        .flatten()
        .any(|copy| copy.path().join("crates").is_dir())
}
