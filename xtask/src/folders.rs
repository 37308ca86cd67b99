//! Where the tasks and the tests keep their things: all below Cargo's target folder.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use crate::Error;

/// What Cargo writes at the top of a target folder: the first only where it made the folder itself.
const MARKERS: [&str; 2] = ["CACHEDIR.TAG", ".rustc_info.json"];

/// Cargo's target folder, from the path of the running program, which Cargo put there.
///
/// It is known by what Cargo keeps at its top, since a build for another platform is a level deeper; without that, it is
/// the folder above the one of the profile.
///
/// # Errors
/// Where the path of the running program is not known.
pub fn target() -> io::Result<Utf8PathBuf> {
    let profile = programs()?;
    let marked = profile
        .ancestors()
        .find(|folder| MARKERS.iter().any(|marker| folder.join(marker).is_file()));
    Ok(marked.or(profile.parent()).unwrap_or(&profile).to_owned())
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

/// Removes a folder with all that is in it, if it is there.
pub(crate) fn remove(folder: &Utf8Path) -> Result<(), Error> {
    match std::fs::remove_dir_all(folder) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(Error::Io {
            path: folder.into(),
            source,
        }),
        _ => Ok(()),
    }
}
