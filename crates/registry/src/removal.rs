//! Removes images from a store: first the entry, then the file, both under the registry's lock. So a crash never leaves
//! an entry without a file, and no new file appears where an old one is about to be removed.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::io;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use crate::ways::Ways;
use crate::{Edit, Entry, Error, Registry, Store, StorePath, atomic};

/// The least number of images to remove between two writes of the registry. After an interrupt, little is left to
/// finish …
const PART: usize = 50;

/// … and the largest number of parts, so that large registries are not written too often.
const PARTS: usize = 20;

/// The result for the file of a removed entry.
#[derive(Debug)]
pub enum Removed {
    /// It was removed.
    File {
        /// Its length in bytes.
        bytes: u64,
    },
    /// It did not exist.
    Nothing,
    /// It stays, because another entry names it too.
    Shared,
    /// It could not be removed.
    Failed(Error),
}

impl Store {
    /// Removes the entries that `decide` returns, then their archives. `decide` runs under the registry's lock. Many
    /// images are removed in parts, and `each` is called for each removed image; if it returns `false`, the rest stays.
    /// Returns the other result of `decide`, and the failure that stopped the removal, if any.
    ///
    /// # Errors
    /// If nothing was removed.
    pub fn remove<T, E: From<Error>>(
        &self,
        timeout: Duration,
        decide: impl FnOnce(&Registry) -> Result<(Vec<String>, T), E>,
        mut each: impl FnMut(usize, Removed) -> bool,
    ) -> Result<(T, Option<Error>), E> {
        let _lock = self.lock_registry(timeout)?;
        let (names, outcome) = decide(&self.read_or_empty()?)?;
        let part = PART.max(names.len().div_ceil(PARTS));
        let mut told = 0;
        let mut goes_on = true;
        for names in names.chunks(part) {
            let removed = self.remove_part(names, |removed| {
                goes_on &= each(told, removed);
                told += 1;
            });
            match removed {
                Err(error) if told == 0 => return Err(error.into()),
                Err(error) => return Ok((outcome, Some(error))),
                Ok(()) if goes_on => {}
                Ok(()) => break,
            }
        }
        Ok((outcome, None))
    }

    fn remove_part(&self, names: &[String], mut each: impl FnMut(Removed)) -> Result<(), Error> {
        let files = self.edit_locked(
            |registry| {
                let going: HashSet<&str> = names.iter().map(String::as_str).collect();
                let entries = registry.entries().iter();
                let kept = entries.filter(|entry| !going.contains(entry.name.as_str()));
                let mut kept = Files::of(self, kept);
                let file = |name: &String| {
                    let entry = registry.get(name)?;
                    Some((self.path(&entry.file), kept.has(&entry.file)))
                };
                let files: Vec<_> = names.iter().map(file).collect();
                let edits = names.iter().cloned().map(Edit::Remove).collect();
                Ok::<_, Error>((edits, files))
            },
            || Ok(()),
        )?;
        let mut folders = BTreeSet::new();
        for file in files {
            each(match file {
                None => Removed::Nothing,
                Some((_, true)) => Removed::Shared,
                Some((Err(error), _)) => Removed::Failed(error),
                Some((Ok(path), false)) => match self.delete(&path) {
                    Ok(Some(bytes)) => {
                        folders.insert(atomic::parent(&path.absolute()).to_owned());
                        Removed::File { bytes }
                    }
                    Ok(None) => Removed::Nothing,
                    Err(error) => Removed::Failed(error),
                },
            });
        }
        folders
            .iter()
            .try_for_each(|folder| atomic::sync_folder(folder))
    }

    /// Deletes a file without an entry, under the registry's lock. Returns its length; `None` if it does not exist, or
    /// if an entry names it now.
    pub fn remove_orphan(&self, path: &StorePath, timeout: Duration) -> Result<Option<u64>, Error> {
        let _lock = self.lock_registry(timeout)?;
        let registry = self.read_or_empty()?;
        if Files::of(self, registry.entries()).has(path.as_path()) {
            return Ok(None);
        }
        self.delete(path)
    }

    /// Deletes a regular file of the store that no process reads or writes.
    fn delete(&self, path: &StorePath) -> Result<Option<u64>, Error> {
        // Another user may have placed a link in the path since the check.
        let path = self.path(path.as_path())?.absolute();
        let metadata = match fs::symlink_metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io("read", &path)(error)),
        };
        if !metadata.is_file() {
            return Err(Error::Path {
                path,
                rule: "is not a regular file, so it was not removed".into(),
            });
        }
        fs::remove_file(&path).map_err(Error::io("remove", &path))?;
        Ok(Some(metadata.len()))
    }
}

/// The files that entries name, found also through links.
pub(crate) struct Files<'a> {
    store: &'a Store,
    paths: HashSet<&'a Utf8Path>,
    /// By file name: links in the folders above change only the part before it.
    by_name: HashMap<&'a str, Vec<&'a Utf8Path>>,
    /// The real paths of the files with one name, as far as they were needed.
    reals: HashMap<&'a str, HashSet<Utf8PathBuf>>,
    ways: Ways,
}

impl<'a> Files<'a> {
    pub(crate) fn of(store: &'a Store, entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut files = Self {
            store,
            paths: HashSet::new(),
            by_name: HashMap::new(),
            reals: HashMap::new(),
            ways: Ways::default(),
        };
        for entry in entries {
            let name = entry.file.file_name().unwrap_or_default();
            files.paths.insert(&entry.file);
            files.by_name.entry(name).or_default().push(&entry.file);
        }
        files
    }

    /// Whether an entry names this file.
    pub(crate) fn has(&mut self, file: &Utf8Path) -> bool {
        if self.paths.contains(file) {
            return true;
        }
        let name = file.file_name().unwrap_or_default();
        let Some((name, named)) = self.by_name.get_key_value(name) else {
            return false;
        };
        let (root, ways) = (self.store.root(), &self.ways);
        let real = |path: &Utf8Path| ways.real(&root.join(path)).ok().flatten();
        let Some(wanted) = real(file) else {
            return false;
        };
        let reals = self.reals.entry(name);
        reals
            .or_insert_with(|| named.iter().filter_map(|path| real(path)).collect())
            .contains(&wanted)
    }
}

#[cfg(test)]
mod tests;
