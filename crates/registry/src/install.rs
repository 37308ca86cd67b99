//! Installs a new archive together with its entry.
//!
//! Two renames are not atomic. Everything that can fail is done before the first: the archive and the registry's new
//! text are complete on disk. A process may still be killed between the two renames; then the archive is new and the
//! entry old. So a note is written first. The next process that locks or reads the registry finds the note, and
//! finishes the installation. If the second rename fails, the process undoes the first.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};
use yaml::MAX_BYTES;

use crate::replaced::Replaced;
use crate::{Edit, Entry, Error, Registry, Store, StorePath, Unfinished, atomic, nofollow, work};

/// The name of the note.
const NOTE: &str = "installing.json";

/// The longest note, in bytes: a registry's text, which JSON may double.
const MAX_NOTE: u64 = 2 * MAX_BYTES;

/// An archive that is about to be installed.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    device: u64,
    inode: u64,
    /// A registry with only its entry.
    registry: String,
}

impl Store {
    /// Moves an archive into its place, replacing an old one, and registers it as `decide` returns. If that fails, the
    /// old archive and entry are unchanged.
    pub fn install<E: From<Error>>(
        &self,
        archive: Unfinished,
        path: &StorePath,
        timeout: Duration,
        mut decide: impl FnMut(&Registry) -> Result<Entry, E>,
    ) -> Result<(), E> {
        // Before the lock is taken, because copying is slow.
        let archive = archive.on_mount_of(path)?;
        archive.sync()?;
        let _lock = self.lock_registry(timeout)?;
        let text = std::cell::RefCell::new(String::new());
        let mut new = None;
        let mut replaced = None;
        let installed = self.edit_locked(
            |registry| {
                let entry = decide(registry)?;
                let alone = Registry::parse(self.file(), String::new())?;
                let alone = alone.with_edits(&[Edit::Put(entry.clone())])?;
                alone.text().clone_into(&mut text.borrow_mut());
                new = Some(entry.clone());
                Ok::<_, E>((vec![Edit::Put(entry)], ()))
            },
            || {
                self.note(archive.file(), &text.borrow())?;
                replaced = Replaced::keep(self, path);
                archive.commit(path)
            },
        );
        if installed.is_err()
            && let (Some(new), Some(replaced)) = (new, replaced)
        {
            // If this fails, the note stays, and the next process finishes the installation.
            let _ = self.take_back(&new, path, replaced);
        }
        installed?;
        self.forget_note()?;
        Ok(())
    }

    /// Undoes a failed installation, unless the registry already has the new entry.
    fn take_back(&self, new: &Entry, path: &StorePath, replaced: Replaced) -> Result<(), Error> {
        let text = atomic::read(self.file())?.map(|(text, _)| text);
        let now = Registry::parse(self.file(), text.unwrap_or_default())?;
        if now.with_edits(&[Edit::Put(new.clone())])?.text() != now.text() {
            replaced.restore(&path.absolute())?;
        }
        self.forget_note()
    }

    /// Finishes the installation of a process that died. The registry's lock must be held.
    pub(crate) fn finish_install(&self) -> Result<(), Error> {
        let path = self.note_path();
        let bytes = match nofollow::read(&path, MAX_NOTE) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(()),
            // A foreign file, not a note.
            Err(Error::Foreign { .. }) => return self.forget_note(),
            Err(error) => return Err(error),
        };
        // If the note is incomplete, its writer had not moved the archive yet.
        if let Ok(note) = serde_json::from_slice::<Note>(&bytes)
            && let Some(entry) = self.installed(&note)?
        {
            let put = |_: &Registry| Ok::<_, Error>((vec![Edit::Put(entry.clone())], ()));
            self.edit_locked(put, || Ok(()))?;
        }
        self.forget_note()
    }

    /// Finishes a pending installation, if no other process holds the lock. Readers call it.
    pub(crate) fn settle(&self) {
        if fs::symlink_metadata(self.note_path()).is_ok() {
            // Fails if the store is read-only, or another process holds the lock.
            let _ = self.lock_registry(Duration::ZERO);
        }
    }

    /// The entry of a note, if its archive is installed.
    fn installed(&self, note: &Note) -> Result<Option<Entry>, Error> {
        let alone = Registry::parse(self.file(), note.registry.clone())?;
        let Some(entry) = alone.entries().first() else {
            return Ok(None);
        };
        let path = self.path(&entry.file)?.absolute();
        let there = fs::symlink_metadata(path);
        let is_it = there.is_ok_and(|file| (file.dev(), file.ino()) == (note.device, note.inode));
        Ok(is_it.then(|| entry.clone()))
    }

    fn note(&self, archive: &File, registry: &str) -> Result<(), Error> {
        let path = self.note_path();
        let failed = |action| Error::io(action, &path);
        let metadata = archive.metadata().map_err(failed("read"))?;
        let note = Note {
            device: metadata.dev(),
            inode: metadata.ino(),
            registry: registry.to_owned(),
        };
        let text = serde_json::to_string(&note).unwrap_or_default();
        let mut file = nofollow::create(&path)?;
        let written = file
            .write_all(text.as_bytes())
            .and_then(|()| file.sync_all());
        written.map_err(|error| {
            let _ = fs::remove_file(&path);
            failed("write")(error)
        })
    }

    fn forget_note(&self) -> Result<(), Error> {
        nofollow::remove(&self.note_path())
    }

    fn note_path(&self) -> Utf8PathBuf {
        self.root().join(work::FOLDER).join(NOTE)
    }
}

#[cfg(test)]
mod tests;
