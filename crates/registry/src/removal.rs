//! Taking images out of a store: the entry first, then the file, both under the registry's lock, so that a
//! crash never leaves an entry without a file, and nobody puts a new file where an old one is about to go.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use camino::Utf8Path;
use rustix::fs::Mode;

use crate::path::real;
use crate::{Edit, Entry, Error, Registry, Store, StorePath, atomic, lock, work};

/// How many images are removed between two writes of the registry at least, so that whoever is interrupted has little
/// left to finish …
const PART: usize = 50;

/// … and in how many parts at most, so that large registries are not written too often.
const PARTS: usize = 20;

/// What became of the file of an entry that was removed.
#[derive(Debug)]
pub enum Removed {
    /// It is gone.
    File {
        /// Its length in bytes.
        bytes: u64,
    },
    /// There was none.
    Nothing,
    /// It stays, because another entry names it too.
    Shared,
    /// It stays.
    Failed(Error),
}

impl Store {
    /// Removes the entries that `decide` names, then their archives. It is asked under the registry's lock. Many are removed
    /// part by part, and `each` hears of every one as it goes: with `false` the rest stays as it is. What `decide`
    /// returns beside the names is handed on, and with it the failure that kept later ones from going, if there was any.
    ///
    /// # Errors
    /// Where nothing was removed.
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
                let kept = Files::of(entries.filter(|entry| !going.contains(entry.name.as_str())));
                let file = |name: &String| {
                    let entry = registry.get(name)?;
                    Some((self.path(&entry.file), kept.has(self, &entry.file)))
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

    /// Whether this process may delete a file of the store.
    pub fn may_delete(&self, path: &StorePath) -> bool {
        let path = path.absolute();
        let folder = atomic::parent(&path).as_std_path();
        let wanted = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
        let owners = || {
            Some((
                fs::metadata(folder).ok()?,
                fs::symlink_metadata(&path).ok()?,
            ))
        };
        let user = rustix::process::geteuid().as_raw();
        rustix::fs::access(folder, wanted).is_ok()
            && owners().is_none_or(|(folder, file)| {
                !is_sticky_for(user, folder.mode(), [folder.uid(), file.uid()])
            })
    }

    /// Deletes a file that no entry names, under the registry's lock. Returns its length; `None` where there is none, or
    /// an entry names it by now.
    pub fn remove_stray(&self, path: &StorePath, timeout: Duration) -> Result<Option<u64>, Error> {
        let _lock = self.lock_registry(timeout)?;
        let registry = self.read_or_empty()?;
        if Files::of(registry.entries()).has(self, path.as_path()) {
            return Ok(None);
        }
        self.delete(path)
    }

    /// Deletes a regular file of the store that nobody reads or writes.
    fn delete(&self, path: &StorePath) -> Result<Option<u64>, Error> {
        // Somebody may have put a link in its way since it was looked at.
        let path = self.path(path.as_path())?.absolute();
        let metadata = match fs::symlink_metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io("read", &path)(error)),
        };
        if !metadata.is_file() {
            return Err(Error::Path {
                path,
                rule: "is not a regular file, and stays".into(),
            });
        }
        fs::remove_file(&path).map_err(Error::io("remove", &path))?;
        Ok(Some(metadata.len()))
    }

    /// Whether somebody reads or writes an archive, or makes the image of this name.
    pub fn is_busy(&self, name: &str, path: &StorePath) -> Result<bool, Error> {
        if let Some(locks) = work::existing(self.root(), "locks")?
            && lock::is_taken(&locks.join(work::lock_name(name)))?
        {
            return Ok(true);
        }
        let path = path.absolute();
        // A pipe would be waited for.
        if !fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file()) {
            return Ok(false);
        }
        lock::is_taken(&path)
    }
}

/// Whether a folder of this mode lets only `owners`, its own and the file's, delete a file (unlink(2), `EPERM`).
fn is_sticky_for(user: u32, mode: u32, owners: [u32; 2]) -> bool {
    let sticky = Mode::from_raw_mode(mode).contains(Mode::SVTX);
    sticky && user != 0 && !owners.contains(&user)
}

/// The files that entries name, found by whatever way leads to them.
pub(crate) struct Files<'a> {
    /// By the last part of their paths: a link elsewhere on the way changes only what is before.
    by_name: HashMap<&'a str, Vec<&'a Utf8Path>>,
}

impl<'a> Files<'a> {
    pub(crate) fn of(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut by_name: HashMap<_, Vec<_>> = HashMap::new();
        for entry in entries {
            let name = entry.file.file_name().unwrap_or_default();
            by_name.entry(name).or_default().push(entry.file.as_path());
        }
        Self { by_name }
    }

    /// Whether a file of the store is one of them.
    pub(crate) fn has(&self, store: &Store, file: &Utf8Path) -> bool {
        let named = self.by_name.get(file.file_name().unwrap_or_default());
        let at = |path: &Utf8Path| real(&store.root().join(path)).ok().flatten();
        named.into_iter().flatten().any(|named| {
            named.components().eq(file.components())
                || at(named).is_some_and(|real| Some(real) == at(file))
        })
    }
}

#[cfg(test)]
mod tests;
