//! Folders of transfers between a store and a remote registry.
//!
//! `images/.imgpipe/transfers/<name>/` has the blobs of one image. Unlike a temporary archive, it survives a failure,
//! so that the next attempt continues. A process that uses it holds a lock. A folder with a free lock is abandoned. It
//! is removed when its work is found to be done, a day later by another transfer, or by `imgprune --orphans`.

use std::fs;
use std::io;
use std::time::{Duration, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};

use crate::{Error, Lock, Store, lock, work};

/// The folder of transfers.
const FOLDER: &str = "transfers";

/// How long an abandoned folder stays.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// A locked folder for the blobs of one image.
#[derive(Debug)]
pub struct Transfer {
    path: Utf8PathBuf,
    lock: Utf8PathBuf,
    _held: Lock,
}

impl Transfer {
    /// The folder.
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// Removes the folder after the transfer.
    pub fn finish(self) -> Result<(), Error> {
        remove(&self.path)?;
        // Images come and go, and their locks with them: a waiting process notices, and creates a new one.
        fs::remove_file(&self.lock).map_err(Error::io("remove", &self.lock))
    }
}

impl Store {
    /// The folder of this name, with the blobs of an earlier attempt. Waits at most `timeout` for its lock.
    pub fn transfer(&self, name: &str, timeout: Duration) -> Result<Transfer, Error> {
        let folder = work::subfolder(self.root(), FOLDER)?;
        for (path, _) in abandoned(self.root()) {
            if path.file_name() != Some(name) && is_old(&path) {
                // If this fails, the next process tries again.
                let _ = remove_abandoned(self.root(), &path);
            }
        }
        let lock = lock_path(self.root(), name)?;
        let held = loop {
            let held = lock::take(&lock, name, Some(timeout))?;
            if held.is_named(&lock) {
                break held;
            }
        };
        let path = folder.join(name);
        if path.is_symlink() {
            return Err(Error::Path {
                path,
                rule: "is a symbolic link, but must be a folder".into(),
            });
        }
        fs::create_dir_all(&path).map_err(Error::io("create", &path))?;
        Ok(Transfer {
            path,
            lock,
            _held: held,
        })
    }

    /// Removes the folder of this name, which is no longer needed, unless a process uses it. If that fails, it stays
    /// for [`Store::orphans`]: this is no reason to fail.
    pub fn forget_transfer(&self, name: &str) {
        let Ok(Some(folder)) = work::existing(self.root(), FOLDER) else {
            return;
        };
        let path = folder.join(name);
        if path.is_dir() && !path.is_symlink() {
            let _ = remove_abandoned(self.root(), &path);
        }
    }
}

fn lock_path(root: &Utf8Path, name: &str) -> Result<Utf8PathBuf, Error> {
    let locks = work::subfolder(root, "locks")?;
    Ok(locks.join(work::lock_name(&format!("{FOLDER}/{name}"))))
}

/// The abandoned folders, with their bytes.
pub(crate) fn abandoned(root: &Utf8Path) -> Vec<(Utf8PathBuf, u64)> {
    let Ok(Some(folder)) = work::existing(root, FOLDER) else {
        return Vec::new();
    };
    let Ok(entries) = folder.read_dir_utf8() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for entry in entries.flatten() {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let lock = lock_path(root, entry.file_name());
        let is_free = lock.and_then(|lock| lock::is_taken(&lock));
        if is_folder && matches!(is_free, Ok(false)) {
            found.push((entry.path().to_owned(), size(entry.path())));
        }
    }
    found
}

/// Removes an abandoned folder.
pub(crate) fn remove_abandoned(root: &Utf8Path, path: &Utf8Path) -> Result<(), Error> {
    let name = path.file_name().unwrap_or_default();
    // Another process may have taken it meanwhile.
    match lock::take(&lock_path(root, name)?, name, Some(Duration::ZERO)) {
        Ok(held) => Transfer {
            path: path.to_owned(),
            lock: lock_path(root, name)?,
            _held: held,
        }
        .finish(),
        Err(Error::LockTimeout { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

fn remove(path: &Utf8Path) -> Result<(), Error> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}

fn is_old(path: &Utf8Path) -> bool {
    let modified = fs::symlink_metadata(path).and_then(|it| it.modified());
    let age = modified.map(|modified| SystemTime::now().duration_since(modified));
    matches!(age, Ok(Ok(age)) if age > KEPT)
}

/// The bytes of all files below a folder.
fn size(folder: &Utf8Path) -> u64 {
    let entries = folder.read_dir_utf8().into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size(entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests;
