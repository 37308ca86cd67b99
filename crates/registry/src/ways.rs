//! Where many paths of one store really lead, with each folder followed once.
//!
//! What it says was so when it was asked first. Whoever writes or deletes asks anew.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};

use crate::Error;
use crate::path::{named, real};

/// The folders that were followed so far.
#[derive(Debug, Default)]
pub(crate) struct Ways {
    folders: Mutex<HashMap<Utf8PathBuf, Option<Utf8PathBuf>>>,
}

impl Ways {
    /// Where a path leads that is going to be asked for again; none if there is nothing.
    pub fn folder(&self, path: &Utf8Path) -> Result<Option<Utf8PathBuf>, Error> {
        let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = folders.get(path) {
            return Ok(known.clone());
        }
        let real = real(path)?;
        folders.insert(path.to_owned(), real.clone());
        Ok(real)
    }

    /// Where a path leads whose folder others have too; none if there is nothing.
    pub fn real(&self, path: &Utf8Path) -> Result<Option<Utf8PathBuf>, Error> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return real(path);
        };
        let Some(folder) = self.folder(folder)? else {
            return Ok(None);
        };
        match named(path)? {
            Some(metadata) if metadata.is_symlink() => real(path),
            Some(_) => Ok(Some(folder.join(name))),
            None => Ok(None),
        }
    }
}
