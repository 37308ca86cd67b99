//! Where the tasks and the tests keep their things: all below Cargo's target folder.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};

/// Cargo's target folder, from the path of the running program, which Cargo put there.
///
/// The marker is the `CACHEDIR.TAG` that Cargo writes at the top of the folder, so a build for
/// another platform, a level deeper, finds it too.
///
/// # Errors
/// Where the running program is not in a target folder.
pub fn target() -> io::Result<Utf8PathBuf> {
    let program = Utf8PathBuf::try_from(std::env::current_exe()?).map_err(io::Error::other)?;
    program
        .ancestors()
        .skip(1)
        .find(|folder| folder.join("CACHEDIR.TAG").is_file())
        .map(Utf8Path::to_owned)
        .ok_or_else(|| io::Error::other(format!("{program} is not in a Cargo target folder")))
}

/// The folder of the commands that were built beside the running program (`target/debug`).
///
/// # Errors
/// Where the path of the running program is not known.
pub fn programs() -> io::Result<Utf8PathBuf> {
    let program = Utf8PathBuf::try_from(std::env::current_exe()?).map_err(io::Error::other)?;
    let folder = program.parent().unwrap_or(Utf8Path::new("/"));
    // Tests are one level deeper, in `deps`.
    let folder = if folder.ends_with("deps") {
        folder.parent().unwrap_or(folder)
    } else {
        folder
    };
    Ok(folder.to_owned())
}

/// The workspace: the folder above this package.
#[must_use]
pub fn workspace() -> &'static Utf8Path {
    let package = Utf8Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

/// What is expensive to make and can be thrown away at any time.
#[must_use]
pub fn cache(target: &Utf8Path) -> Utf8PathBuf {
    target.join("cache")
}
