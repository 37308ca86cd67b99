//! `images/.imgpipe/`: what imgpipe keeps in a store for itself.
//!
//! | | |
//! |---|---|
//! | `.gitignore` | `*`: the folder ignores itself |
//! | `builds/` | interrupted builds, of which an engine may still commit a step |
//! | `registry.lock` | held while the registry is edited |
//! | `installing.json` | an archive that is about to be in its place |
//! | `locks/<name>.lock` | held while an image is made |
//! | `leases/` | images that runs hold |
//! | `leftovers.json` | images that an engine may hold without a name; `leftovers.damaged.json` if it could not be read |
//! | `reserve` | room for the registry on a full disk |
//! | `transfers/` | blobs on their way from or to a remote registry |
//! | `unfinished/` | archives that are being written, see [`staging`](crate::staging) |
//! | `usage.json` | uses that the registry does not count |

use std::fs;
use std::io::{self, Write};

use camino::{Utf8Path, Utf8PathBuf};

use crate::Error;

/// Where it is in a store.
pub(crate) const FOLDER: &str = "images/.imgpipe";

/// What it is called, and every folder of imgpipe's own that is on another mount.
pub(crate) const NAME: &str = ".imgpipe";

/// The longest name of a lock file, in bytes, well below the 255 of file systems. Two names that
/// agree so far share a lock, which costs time and nothing else.
const MAX_LOCK_NAME: usize = 200;

/// The folder, made if need be.
pub(crate) fn folder(root: &Utf8Path) -> Result<Utf8PathBuf, Error> {
    folder_at(root, Utf8Path::new(FOLDER))
}

/// A folder of imgpipe's own at this place in the store, made if need be.
fn folder_at(root: &Utf8Path, place: &Utf8Path) -> Result<Utf8PathBuf, Error> {
    // The registry's own folder is made too, where `--registry` names one that is not there.
    fs::create_dir_all(root).map_err(Error::io("create", root))?;
    let real_root = root.canonicalize_utf8().map_err(Error::io("open", root))?;
    let mut folder = root.to_owned();
    // One by one, so that nothing is made behind a link that leads out.
    for name in place.components() {
        folder.push(name);
        make(&folder)?;
        let real = folder
            .canonicalize_utf8()
            .map_err(Error::io("open", &folder))?;
        if !real.starts_with(&real_root) {
            return Err(leads_out(folder));
        }
    }
    let ignore = folder.join(".gitignore");
    match fs::File::create_new(&ignore) {
        Ok(mut file) => file
            .write_all(b"*\n")
            .map_err(Error::io("write", &ignore))?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(Error::io("create", &ignore)(error)),
    }
    Ok(folder)
}

/// A folder in the folder, made if need be.
pub(crate) fn subfolder(root: &Utf8Path, name: &str) -> Result<Utf8PathBuf, Error> {
    subfolder_at(root, Utf8Path::new(FOLDER), name)
}

/// The same of a folder of imgpipe's own at this place in the store.
pub(crate) fn subfolder_at(
    root: &Utf8Path,
    place: &Utf8Path,
    name: &str,
) -> Result<Utf8PathBuf, Error> {
    let folder = folder_at(root, place)?.join(name);
    make(&folder)?;
    match fs::symlink_metadata(&folder) {
        Ok(metadata) if metadata.is_dir() => Ok(folder),
        Ok(_) => Err(no_folder(folder)),
        Err(error) => Err(Error::io("open", &folder)(error)),
    }
}

/// A folder in the folder, if it is there.
pub(crate) fn existing(root: &Utf8Path, name: &str) -> Result<Option<Utf8PathBuf>, Error> {
    existing_at(root, &Utf8Path::new(FOLDER).join(name))
}

/// A folder of imgpipe's own at this place in the store, if it is there.
pub(crate) fn existing_at(root: &Utf8Path, place: &Utf8Path) -> Result<Option<Utf8PathBuf>, Error> {
    let folder = root.join(place);
    match fs::symlink_metadata(&folder) {
        Err(error) if is_nothing(&error) => return Ok(None),
        Err(error) => return Err(Error::io("open", &folder)(error)),
        Ok(metadata) if !metadata.is_dir() => return Err(no_folder(folder)),
        Ok(_) => {}
    }
    let real = |path: &Utf8Path| path.canonicalize_utf8().map_err(Error::io("open", path));
    if !real(&folder)?.starts_with(real(root)?) {
        return Err(leads_out(folder));
    }
    Ok(Some(folder))
}

/// Whether a path of the store leads into a folder that imgpipe keeps for itself.
pub(crate) fn is_own(path: &Utf8Path) -> bool {
    path.components().any(|name| name.as_str() == NAME)
}

fn is_nothing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn no_folder(path: Utf8PathBuf) -> Error {
    let rule = "is not a folder, but imgpipe needs one here";
    Error::Foreign { path, rule }
}

fn leads_out(path: Utf8PathBuf) -> Error {
    let rule = "leads out of the registry's folder through a symbolic link";
    Error::Foreign { path, rule }
}

fn make(folder: &Utf8Path) -> Result<(), Error> {
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(Error::io("create", folder)(error))
        }
        _ => Ok(()),
    }
}

/// The file name of an image's lock. Any text has one, for names that do not comply exist.
pub(crate) fn lock_name(image: &str) -> String {
    let mut out = String::new();
    for byte in image.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02x}")),
        }
    }
    out.truncate(MAX_LOCK_NAME);
    format!("{out}.lock")
}
