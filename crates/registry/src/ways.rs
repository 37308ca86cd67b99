//! The real paths of many files of one store. Each folder is resolved once.
//!
//! The results are from the first lookup. Before you write or delete, look the path up again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};

use crate::Error;
use crate::path::{named, real};

/// The folders resolved so far.
#[derive(Debug, Default)]
pub(crate) struct Ways {
    folders: Mutex<HashMap<Utf8PathBuf, Option<Utf8PathBuf>>>,
}

impl Ways {
    /// The real path, remembered for the next call; `None` if it does not exist.
    pub fn folder(&self, path: &Utf8Path) -> Result<Option<Utf8PathBuf>, Error> {
        let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = folders.get(path) {
            return Ok(known.clone());
        }
        let real = real(path)?;
        folders.insert(path.to_owned(), real.clone());
        Ok(real)
    }

    /// The real path, with its folder remembered; `None` if it does not exist.
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
