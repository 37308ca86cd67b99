//! Images that an engine may hold without a name.
//!
//! An image that lost its last tag stays in an engine until it is removed by its ID. That happens if another image
//! takes its registered name, or if a load ends before the tag is set. So the IDs are noted first, in
//! `images/.imgpipe/leftovers.json`. A note says nothing about the engine: the image may be tagged, or may not exist.
//! Notes are dropped after 90 days, because the engines of a shared store may be anywhere.

use std::fs;
use std::time::Duration;

use camino::Utf8PathBuf;
use chrono::{DateTime, TimeDelta, Utc};
use naming::Digest;
use serde::{Deserialize, Serialize};

use crate::unfinished::TemporaryPath;
use crate::{Edit, Error, Holder, LEASE_TERM, Life, Registry, Store, nofollow, work};

/// The file beside the registry's lock.
const FILE: &str = "leftovers.json";

/// Unreadable notes, set aside.
const DAMAGED: &str = "leftovers.damaged.json";

/// How many notes are kept: the latest.
const MAX_NOTES: usize = 10_000;

/// The longest file, in bytes: a note has some 300.
const MAX_BYTES: u64 = 8 << 20;

/// How long a note is kept.
const KEPT: TimeDelta = TimeDelta::days(90);

/// The ID of an image that may lose its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Note {
    image: String,
    since: DateTime<Utc>,
    /// The process that will tag it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    holder: Option<Holder>,
}

impl Note {
    /// Whether a command still works with the image.
    fn is_held(&self, now: DateTime<Utc>) -> bool {
        let term = TimeDelta::from_std(LEASE_TERM).unwrap_or(TimeDelta::MAX);
        match self.holder.as_ref().map(Holder::life) {
            None | Some(Life::Ended) => false,
            Some(Life::Alive) => true,
            Some(Life::Unseen) => now - self.since < term,
        }
    }
}

impl Store {
    /// Notes the engine's IDs of images that this process will load. If no command has written to the store's folder
    /// yet, nothing is noted.
    pub fn note_leftovers(&self, images: &[Digest], timeout: Duration) -> Result<(), Error> {
        if images.is_empty() || !self.is_kept() {
            return Ok(());
        }
        let _lock = self.lock_registry(timeout)?;
        self.add_leftovers(images, Holder::process(std::process::id()).as_ref())
    }

    /// Notes the images that edits of the registry replace. The lock must be held. A failure does not fail the edit,
    /// which is done already.
    pub(crate) fn note_replaced(&self, old: &Registry, edits: &[Edit]) {
        let replaced = edits.iter().filter_map(|edit| match edit {
            Edit::Put(new) => {
                let before = old.get(&new.name)?.image_id?;
                (new.image_id != Some(before)).then_some(before)
            }
            Edit::Remove(_) => None,
        });
        let replaced: Vec<_> = replaced.collect();
        if !replaced.is_empty() {
            let _ = self.add_leftovers(&replaced, None);
        }
    }

    /// The noted images that no command works with.
    pub fn leftovers(&self) -> Result<Vec<Digest>, Error> {
        let (now, notes) = (Utc::now(), self.notes()?.unwrap_or_default());
        let held = |image: &str| {
            let mut notes = notes.iter().filter(|note| note.image == image);
            notes.any(|note| note.is_held(now))
        };
        let mut images: Vec<Digest> = notes
            .iter()
            .filter(|note| !held(&note.image))
            .filter_map(|note| note.image.parse().ok())
            .collect();
        images.sort_unstable();
        images.dedup();
        Ok(images)
    }

    /// Drops the notes of removed images, unless a command works with them again.
    pub fn forget_leftovers(&self, gone: &[Digest], timeout: Duration) -> Result<(), Error> {
        if gone.is_empty() {
            return Ok(());
        }
        let _lock = self.lock_registry(timeout)?;
        let now = Utc::now();
        let gone: Vec<String> = gone.iter().map(ToString::to_string).collect();
        let mut notes = self.sound_notes()?;
        notes.retain(|note| note.is_held(now) || !gone.contains(&note.image));
        self.write_notes(&notes)
    }

    fn add_leftovers(&self, images: &[Digest], holder: Option<&Holder>) -> Result<(), Error> {
        let now = Utc::now();
        let new = images.iter().map(|image| Note {
            image: image.to_string(),
            since: now,
            holder: holder.cloned(),
        });
        let new: Vec<_> = new.collect();
        let mut notes = self.sound_notes()?;
        // One note for each image and holder, so that repeated loads do not add up.
        notes.retain(|note| {
            let is_again = new.iter().any(|new| new.image == note.image);
            now - note.since < KEPT && (note.is_held(now) || !is_again)
        });
        notes.extend(new);
        notes.drain(..notes.len().saturating_sub(MAX_NOTES));
        self.write_notes(&notes)
    }

    /// Files with unreadable notes, one error each. Their images may stay in an engine.
    pub fn damaged_leftovers(&self) -> Result<Vec<Error>, Error> {
        let now = self.notes()?.is_none().then(|| self.notes_path());
        let aside = Some(self.notes_path().with_file_name(DAMAGED)).filter(|path| path.exists());
        let paths = now.into_iter().chain(aside);
        Ok(paths.map(|path| Error::NoNotes { path }).collect())
    }

    /// The notes, to be rewritten under the registry's lock. An unreadable file is set aside first.
    fn sound_notes(&self) -> Result<Vec<Note>, Error> {
        if let Some(notes) = self.notes()? {
            return Ok(notes);
        }
        let path = self.notes_path();
        fs::rename(&path, path.with_file_name(DAMAGED)).map_err(Error::io("rename", &path))?;
        Ok(Vec::new())
    }

    /// The notes; `None` if they cannot be read.
    fn notes(&self) -> Result<Option<Vec<Note>>, Error> {
        Ok(match nofollow::read(&self.notes_path(), MAX_BYTES)? {
            Some(bytes) => serde_json::from_slice(&bytes).ok(),
            None => Some(Vec::new()),
        })
    }

    fn write_notes(&self, notes: &[Note]) -> Result<(), Error> {
        let path = work::folder(self.root())?.join(FILE);
        TemporaryPath::new(path.with_extension("unfinished")).write_json(&path, &notes)
    }

    fn notes_path(&self) -> Utf8PathBuf {
        self.root().join(work::FOLDER).join(FILE)
    }
}

#[cfg(test)]
mod tests;
