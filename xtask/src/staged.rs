//! What is installed: the release programs, their man pages and completions, below a folder as below a prefix.

use camino::{Utf8Path, Utf8PathBuf};

use crate::Error;
use crate::files::{copy, files};
use crate::folders::remove;
use crate::process::{Runner, command};
use crate::test::cargo_words;

/// Where the man pages are; each command has one.
const PAGES: &str = "share/man/man1";

/// What was put together.
#[derive(Debug)]
pub(crate) struct Staged {
    /// The folder that stands for the prefix.
    pub(crate) folder: Utf8PathBuf,
    /// The commands' names.
    pub(crate) commands: Vec<String>,
}

/// Builds the commands into a target folder, with these variables, and puts what belongs to them below `folder`, which is
/// emptied first.
pub(crate) fn stage(
    runner: &Runner,
    target: &Utf8Path,
    variables: &[(&'static str, String)],
    folder: Utf8PathBuf,
) -> Result<Staged, Error> {
    eprintln!("building the commands");
    let build = "build --quiet --locked --release --workspace --bins --exclude xtask";
    let words = build.split(' ').chain(["--target-dir", target.as_str()]);
    let build = cargo_words(words.map(str::to_owned));
    runner.run(&build.variables(variables))?;
    let programs = target.join("release");
    remove(&folder)?;
    // The program's own: it was built with those whose pages it makes.
    let manual = programs.join("manual");
    runner.run(&command([manual.as_str(), "install", folder.as_str()]))?;
    let pages = files(&folder.join(PAGES))?;
    let commands = pages.iter().filter_map(|page| page.file_stem());
    let commands: Vec<String> = commands.map(str::to_owned).collect();
    for name in &commands {
        copy(&programs.join(name), &folder.join("bin").join(name), true)?;
    }
    Ok(Staged { folder, commands })
}
