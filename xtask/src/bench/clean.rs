//! What benches leave in the engine, also one that was killed.

use super::scene::LABEL;
use crate::Error;
use crate::process::{Runner, command};

/// Removes all images that a bench made. They carry its label, with a tag or without.
pub(crate) fn images(runner: &Runner, engine: &str) -> Result<(), Error> {
    let filter = format!("label={LABEL}");
    let list = command([
        engine,
        "images",
        "--all",
        "--quiet",
        "--no-trunc",
        "--filter",
        &filter,
    ]);
    let mut before = String::new();
    loop {
        let listed = runner.read_all(&list)?;
        if listed.is_empty() {
            return Ok(());
        }
        if listed == before {
            return Err(Error::Wrong(format!(
                "the engine keeps images of the bench: {}",
                listed.replace('\n', " ")
            )));
        }
        // An image goes with its children, so that a later one of the list may be gone already; the next look tells.
        let words = [engine, "rmi", "--force"].into_iter().chain(listed.lines());
        runner.succeeds(&command(words))?;
        before = listed;
    }
}
