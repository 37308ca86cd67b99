//! The files that are installed or packed: the release programs, their man pages and completions, as below a prefix.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use camino::{Utf8Path, Utf8PathBuf};

use crate::Error;
use crate::cmd::{Cmd, cargo, cmd};
use crate::folders::{create, remove};

/// Builds the commands into a target folder, with these variables, and puts their files below `folder`, which is emptied
/// first. Returns the commands' names.
pub(crate) fn stage(
    target: &Utf8Path,
    variables: &[(&'static str, String)],
    folder: &Utf8Path,
) -> Result<Vec<String>, Error> {
    eprintln!("building the commands");
    let build = "build --quiet --locked --release --workspace --bins --exclude xtask --target-dir";
    cargo(build).arg(target).variables(variables).run()?;
    let programs = target.join("release");
    remove(folder)?;
    // Built with the same commands whose pages it makes.
    Cmd::of(programs.join("manual"))
        .arg("install")
        .arg(folder)
        .run()?;
    // Each command has a page.
    let pages = files(&folder.join("share/man/man1"))?;
    let commands = pages.iter().filter_map(|page| page.file_stem());
    let commands: Vec<_> = commands.map(str::to_owned).collect();
    for name in &commands {
        copy(&programs.join(name), &folder.join("bin").join(name), true)?;
    }
    Ok(commands)
}

/// The files below a folder, relative to it, sorted.
pub(crate) fn files(folder: &Utf8Path) -> Result<Vec<Utf8PathBuf>, Error> {
    let found = cmd("find . -type f").folder(folder).read()?;
    let paths = found
        .lines()
        .map(|line| line.trim_start_matches("./").into());
    let mut paths: Vec<Utf8PathBuf> = paths.collect();
    paths.sort();
    Ok(paths)
}

/// Copies a file, and creates the folders above it. The old file stays complete until the copy is, also if it is a running
/// program.
pub(crate) fn copy(from: &Utf8Path, to: &Utf8Path, is_program: bool) -> Result<(), Error> {
    let mode = if is_program { 0o755 } else { 0o644 };
    create(to.parent().unwrap_or(to))?;
    let unfinished = Utf8PathBuf::from(format!("{to}.new"));
    fs::copy(from, &unfinished).map_err(Error::io(&unfinished))?;
    let done = fs::set_permissions(&unfinished, Permissions::from_mode(mode));
    done.and_then(|()| fs::rename(&unfinished, to))
        .map_err(Error::io(to))
}
