//! The documents that are made of the commands' flags.
//!
//! What makes them knows every command, so it is a program of its own: the tasks themselves build without the commands.

use crate::Error;
use crate::folders::workspace;
use crate::process::{Command, Runner};
use crate::test::cargo_words;

/// Brings the documents up to date, or with `check` fails where one is not.
pub(crate) fn run(runner: &Runner, check: bool) -> Result<(), Error> {
    let check = check.then_some("--check");
    let words = ["documents", workspace().as_str()].into_iter().chain(check);
    runner.run(&manual(words))
}

/// What makes man pages, completions and documents.
pub(crate) fn manual<'a>(words: impl IntoIterator<Item = &'a str>) -> Command {
    let cargo = ["run", "--quiet", "--package", "manual", "--"];
    cargo_words(cargo.into_iter().chain(words).map(str::to_owned))
}
