//! Putting a new archive into its place together with its entry.
//!
//! Two renames can't be one. All that can fail is done before the first: the archive is complete on disk, and so is the
//! registry's new text. Between the two a process may still be killed; then the archive is the new one and the entry the old
//! one's. So a note of what is going on is there first: whoever takes the registry's lock next, or reads the
//! registry, finds it, and finishes what was begun. A process that lives and fails between the two takes the first back.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};
use yaml::MAX_BYTES;

use crate::replaced::Replaced;
use crate::{Edit, Entry, Error, Registry, Store, StorePath, Unfinished, atomic, own, work};

/// What the note is called.
const NOTE: &str = "installing.json";

/// The longest note, in bytes: a registry's text, in which every byte may need two in JSON.
const MAX_NOTE: u64 = 2 * MAX_BYTES;

/// An archive that is about to be in its place.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    device: u64,
    inode: u64,
    /// A registry with its entry alone.
    registry: String,
}

impl Store {
    /// Puts an archive into its place, over what may be there, and registers it as `decide` says. Where this fails,
    /// both the old archive and its entry are as they were.
    pub fn install<E: From<Error>>(
        &self,
        archive: Unfinished,
        path: &StorePath,
        timeout: Duration,
        mut decide: impl FnMut(&Registry) -> Result<Entry, E>,
    ) -> Result<(), E> {
        // Not under the lock: this takes its time.
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
            // In vain, the note stays, and the next one finishes what was begun.
            let _ = self.take_back(&new, path, replaced);
        }
        installed?;
        self.forget_note()?;
        Ok(())
    }

    /// Undoes an installation that failed halfway, unless the registry says already what it was to say.
    fn take_back(&self, new: &Entry, path: &StorePath, replaced: Replaced) -> Result<(), Error> {
        let text = atomic::read(self.file())?.map(|(text, _)| text);
        let now = Registry::parse(self.file(), text.unwrap_or_default())?;
        if now.with_edits(&[Edit::Put(new.clone())])?.text() != now.text() {
            replaced.restore(&path.absolute())?;
        }
        self.forget_note()
    }

    /// Finishes what a process that died had begun. Under the registry's lock.
    pub(crate) fn finish_install(&self) -> Result<(), Error> {
        let path = self.note_path();
        let bytes = match own::read(&path, MAX_NOTE) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(()),
            // Nobody who had begun anything left that.
            Err(Error::Foreign { .. }) => return self.forget_note(),
            Err(error) => return Err(error),
        };
        // One that is not whole was written by somebody who had moved nothing yet.
        if let Ok(note) = serde_json::from_slice::<Note>(&bytes)
            && let Some(entry) = self.installed(&note)?
        {
            let put = |_: &Registry| Ok::<_, Error>((vec![Edit::Put(entry.clone())], ()));
            self.edit_locked(put, || Ok(()))?;
        }
        self.forget_note()
    }

    /// Whether there is something to finish. Whoever only reads does it where nobody else is at it.
    pub(crate) fn settle(&self) {
        if fs::symlink_metadata(self.note_path()).is_ok() {
            // In vain where it may not be written, or somebody is at work.
            let _ = self.lock_registry(Duration::ZERO);
        }
    }

    /// The entry of a note, if its archive is in its place.
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
        let mut file = own::create(&path)?;
        let written = file
            .write_all(text.as_bytes())
            .and_then(|()| file.sync_all());
        written.map_err(|error| {
            let _ = fs::remove_file(&path);
            failed("write")(error)
        })
    }

    fn forget_note(&self) -> Result<(), Error> {
        own::remove(&self.note_path())
    }

    fn note_path(&self) -> Utf8PathBuf {
        self.root().join(work::FOLDER).join(NOTE)
    }
}

#[cfg(test)]
mod tests;
