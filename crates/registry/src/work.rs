//! `images/.imgpipe/`: imgpipe's own folder in a store.
//!
//! | | |
//! |---|---|
//! | `.gitignore` | `*`: the folder ignores itself |
//! | `builds/` | interrupted builds whose engine may still commit a step |
//! | `registry.lock` | held while the registry is edited |
//! | `installing.json` | an archive that is about to be installed |
//! | `locks/<name>.lock` | held while an image is made |
//! | `leases/` | images that runs use |
//! | `leftovers.json` | images that an engine may hold without a name; `leftovers.damaged.json` if it could not be read |
//! | `reserve` | space for the registry on a full disk |
//! | `transfers/` | blobs on their way from or to a remote registry |
//! | `unfinished/` | archives that are being written, see [`staging`](crate::staging) |
//! | `usage.json` | uses that the registry does not count |

use std::fs;
use std::io::{self, Write};

use camino::{Utf8Path, Utf8PathBuf};

use crate::Error;

/// Its path in a store.
pub(crate) const FOLDER: &str = "images/.imgpipe";

/// Its name, also of imgpipe's folders on other mounts.
pub(crate) const NAME: &str = ".imgpipe";

/// The longest name of a lock file, in bytes, well below the 255 of file systems. Two names with the same beginning
/// share a lock, which only costs time.
const MAX_LOCK_NAME: usize = 200;

/// The folder, created if necessary.
pub(crate) fn folder(root: &Utf8Path) -> Result<Utf8PathBuf, Error> {
    folder_at(root, Utf8Path::new(FOLDER))
}

/// A folder of imgpipe at this path in the store, created if necessary.
fn folder_at(root: &Utf8Path, place: &Utf8Path) -> Result<Utf8PathBuf, Error> {
    // Also creates the registry's folder, if `--registry` names a missing one.
    fs::create_dir_all(root).map_err(Error::io("create", root))?;
    let real_root = root.canonicalize_utf8().map_err(Error::io("open", root))?;
    let mut folder = root.to_owned();
    // One by one, so that nothing is created behind a link that leads out.
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

/// A subfolder, created if necessary.
pub(crate) fn subfolder(root: &Utf8Path, name: &str) -> Result<Utf8PathBuf, Error> {
    subfolder_at(root, Utf8Path::new(FOLDER), name)
}

/// The same for a folder of imgpipe at this path in the store.
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

/// A subfolder, if it exists.
pub(crate) fn existing(root: &Utf8Path, name: &str) -> Result<Option<Utf8PathBuf>, Error> {
    existing_at(root, &Utf8Path::new(FOLDER).join(name))
}

/// A folder of imgpipe at this path in the store, if it exists.
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

/// Whether a path of the store leads into a folder of imgpipe.
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

/// The file name of an image's lock. Invalid names have one too.
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
