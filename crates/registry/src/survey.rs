//! Looks at many of a store's files at one moment, and shares the lookups.
//!
//! Use it for decisions. Before you write, delete or open a file, check the path again with [`Store::path`].

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::sync::{Mutex, OnceLock, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};
use rustix::fs::{Access, Mode};

use crate::atomic::parent;
use crate::path::way;
use crate::ways::Ways;
use crate::{Error, Store, StorePath, lock, work};

/// Who may delete the files of a folder.
#[derive(Debug, Clone, Copy)]
enum Deletes {
    Nobody,
    /// Only their owner (unlink(2), `EPERM` in a sticky folder).
    Owner,
    Anybody,
}

/// The lookups so far.
#[derive(Debug)]
pub struct Survey<'a> {
    store: &'a Store,
    ways: Ways,
    /// The folder of image locks, if it exists.
    locks: OnceLock<Option<Utf8PathBuf>>,
    deletes: Mutex<HashMap<Utf8PathBuf, Deletes>>,
}

impl Store {
    /// Starts a survey.
    pub fn survey(&self) -> Survey<'_> {
        Survey {
            store: self,
            ways: Ways::default(),
            locks: OnceLock::new(),
            deletes: Mutex::default(),
        }
    }
}

impl Survey<'_> {
    /// Validates a `file:`, as [`Store::path`].
    pub fn path(&self, file: &Utf8Path) -> Result<StorePath, Error> {
        self.store.path_by(file, &self.ways)
    }

    /// A path for people and pipes, as [`Store::relative`].
    pub fn relative(&self, path: &StorePath, cwd: &Utf8Path) -> Utf8PathBuf {
        let absolute = path.absolute();
        if let Ok(below) = absolute.strip_prefix(cwd) {
            return below.to_owned();
        }
        // `..` goes up from the folder's real path, not from a link to it.
        match (self.ways.folder(cwd), self.ways.folder(self.store.root())) {
            (Ok(Some(cwd)), Ok(Some(root))) => way(&cwd, &root.join(path.as_path())),
            _ => absolute,
        }
    }

    /// The real path behind any links; the path itself if that cannot be determined.
    pub fn real(&self, path: &StorePath) -> Utf8PathBuf {
        let absolute = path.absolute();
        let real = self.ways.real(&absolute).ok().flatten();
        real.unwrap_or(absolute)
    }

    /// Whether another process reads or writes an archive, or makes the image of this name.
    pub fn is_busy(&self, name: &str, path: &StorePath) -> Result<bool, Error> {
        if let Some(locks) = self.locks()?
            && lock::is_taken(&locks.join(work::lock_name(name)))?
        {
            return Ok(true);
        }
        match lock::is_taken(&path.absolute()) {
            // Not a regular file, so not an archive in use.
            Err(Error::Foreign { .. }) => Ok(false),
            taken => taken,
        }
    }

    /// Whether this process may delete a file of the store.
    pub fn may_delete(&self, path: &StorePath) -> bool {
        let path = path.absolute();
        let mut known = self.deletes.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = parent(&path);
        let deletes = match known.get(folder) {
            Some(deletes) => *deletes,
            None => *known.entry(folder.to_owned()).or_insert(deletes_in(folder)),
        };
        match deletes {
            Deletes::Nobody => false,
            Deletes::Anybody => true,
            Deletes::Owner => fs::symlink_metadata(&path).is_ok_and(|file| file.uid() == user()),
        }
    }

    fn locks(&self) -> Result<Option<&Utf8PathBuf>, Error> {
        if let Some(locks) = self.locks.get() {
            return Ok(locks.as_ref());
        }
        let locks = work::existing(self.store.root(), "locks")?;
        Ok(self.locks.get_or_init(|| locks).as_ref())
    }
}

fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn deletes_in(folder: &Utf8Path) -> Deletes {
    let wanted = Access::WRITE_OK | Access::EXEC_OK;
    if rustix::fs::access(folder.as_std_path(), wanted).is_err() {
        return Deletes::Nobody;
    }
    match fs::metadata(folder) {
        Ok(metadata) if is_sticky_for(user(), metadata.mode(), metadata.uid()) => Deletes::Owner,
        _ => Deletes::Anybody,
    }
}

/// Whether a folder with this mode and owner lets this user delete only their own files.
fn is_sticky_for(user: u32, mode: u32, owner: u32) -> bool {
    let sticky = Mode::from_raw_mode(mode).contains(Mode::SVTX);
    sticky && user != 0 && user != owner
}

#[cfg(test)]
mod tests;
