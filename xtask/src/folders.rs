//! The folders of the tasks and the tests: all below Cargo's target folder.

use std::fs::{File, TryLockError};
use std::io;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use crate::Error;
use crate::cmd::{cmd, wait_until};

/// Cargo writes these at the top of a target folder. The first only if it made the folder itself.
const MARKERS: [&str; 2] = ["CACHEDIR.TAG", ".rustc_info.json"];

/// Cargo's target folder, from the path of the running program, which Cargo put there.
///
/// It is recognised by Cargo's files, since a build for another platform is a level deeper. Without them, it is the folder
/// above the profile's.
///
/// # Errors
/// If the path of the running program is unknown.
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
/// If the path of the running program is unknown.
pub fn programs() -> io::Result<Utf8PathBuf> {
    let program = Utf8PathBuf::try_from(std::env::current_exe()?).map_err(io::Error::other)?;
    let folder = program.parent().unwrap_or(Utf8Path::new("/"));
    // Tests are one level deeper, in `deps`.
    let above = folder.parent().filter(|_| folder.ends_with("deps"));
    Ok(above.unwrap_or(folder).to_owned())
}

/// The workspace: the folder above this package.
#[must_use]
pub fn workspace() -> &'static Utf8Path {
    let package = Utf8Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

/// Files that are expensive to make and can be removed at any time.
#[must_use]
pub fn cache(target: &Utf8Path) -> Utf8PathBuf {
    target.join("cache")
}

/// Creates a folder, and those above it.
pub(crate) fn create(folder: &Utf8Path) -> Result<(), Error> {
    std::fs::create_dir_all(folder).map_err(Error::io(folder))
}

/// Removes a folder with all its files, and returns whether it existed.
pub(crate) fn remove(folder: &Utf8Path) -> Result<bool, Error> {
    match std::fs::remove_dir_all(folder) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        // Rootless podman's images belong to many users: only podman can remove them.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let remove = cmd("podman unshare rm -rf --").arg(folder.as_str());
            remove.cleaning_up().run_quietly().map(|()| true)
        }
        Err(source) => Err(Error::io(folder)(source)),
    }
}

/// Locks a file, which is created if it is missing. A second task waits for the first.
pub(crate) fn lock(path: &Utf8Path) -> Result<File, Error> {
    let file = File::options().create(true).append(true).open(path);
    let file = file.map_err(Error::io(path))?;
    let mut is_told = false;
    wait_until(Duration::MAX, || match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::Error(source)) => Err(Error::io(path)(source)),
        Err(TryLockError::WouldBlock) => {
            if !std::mem::replace(&mut is_told, true) {
                eprintln!("waiting for another task that holds {path}");
            }
            Ok(false)
        }
    })?;
    Ok(file)
}

/// A folder that is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct TemporaryFolder(pub(crate) Utf8PathBuf);

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.0) {
            eprintln!("xtask: {error}");
        }
    }
}
