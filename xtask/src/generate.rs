//! The documents that are made from the commands' flags.
//!
//! The program that makes them is a crate of its own, so that the tasks build without the commands.

use crate::Error;
use crate::cmd::cargo;
use crate::folders::workspace;

/// Updates the documents. With `check` it fails instead if one is stale.
pub(crate) fn run(check: bool) -> Result<(), Error> {
    let manual = cargo("run --quiet --package manual -- documents").arg(workspace());
    manual.args(check.then_some("--check")).run()
}
