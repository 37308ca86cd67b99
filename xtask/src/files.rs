//! Trees of files that are installed or packed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use camino::{Utf8Path, Utf8PathBuf};

use crate::Error;

/// The files below a folder, relative to it, sorted.
pub(crate) fn files(folder: &Utf8Path) -> Result<Vec<Utf8PathBuf>, Error> {
    let mut found = Vec::new();
    let mut folders = vec![Utf8PathBuf::new()];
    while let Some(below) = folders.pop() {
        let here = folder.join(&below);
        for entry in here.read_dir_utf8().map_err(Error::io(&here))? {
            let entry = entry.map_err(Error::io(&here))?;
            let path = below.join(entry.file_name());
            if entry.file_type().map_err(Error::io(&here))?.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Copies a file into a folder that may not be there yet; the mode is as programs or other files have it. What is at `to` stays
/// whole until the copy is, also where it is a program that runs.
pub(crate) fn copy(from: &Utf8Path, to: &Utf8Path, is_program: bool) -> Result<(), Error> {
    let folder = to.parent().unwrap_or(Utf8Path::new("."));
    fs::create_dir_all(folder).map_err(Error::io(folder))?;
    let unfinished = Utf8PathBuf::from(format!("{to}.new"));
    fs::copy(from, &unfinished).map_err(Error::io(&unfinished))?;
    let mode = if is_program { 0o755 } else { 0o644 };
    let done = fs::set_permissions(&unfinished, fs::Permissions::from_mode(mode))
        .and_then(|()| fs::rename(&unfinished, to));
    done.map_err(Error::io(to))
}

/// Writes a file into a folder that may not be there yet.
pub(crate) fn write(to: &Utf8Path, bytes: impl AsRef<[u8]>) -> Result<(), Error> {
    let folder = to.parent().unwrap_or(Utf8Path::new("."));
    fs::create_dir_all(folder).map_err(Error::io(folder))?;
    fs::write(to, bytes).map_err(Error::io(to))
}
