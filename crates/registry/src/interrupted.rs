//! Notes of interrupted builds whose engine may still commit a step.
//!
//! A note is a file in `builds/`. It describes the steps in the engine's terms. It needs no lock: its name is unique,
//! so a process that is about to end can write it at once.

use camino::Utf8PathBuf;
use chrono::{DateTime, TimeDelta, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::unfinished::{TemporaryPath, unique_name};
use crate::{Error, Holder, Life, Store, nofollow, work};

/// The folder of notes.
const FOLDER: &str = "builds";

/// The longest note, in bytes: a build file's copies, and a digest for each of its steps.
const MAX_NOTE: u64 = 4 << 20;

/// How long a note is kept if no command acts on it.
const KEPT: TimeDelta = TimeDelta::days(90);

/// An interrupted build.
#[derive(Debug)]
pub struct BuildNote<T> {
    /// The time of the interrupt.
    pub since: DateTime<Utc>,
    /// The steps that the engine may still commit.
    pub build: T,
    path: Utf8PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Note<T> {
    since: DateTime<Utc>,
    /// The process that waits for the engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    holder: Option<Holder>,
    build: T,
}

impl Store {
    /// Notes a build that this process interrupted.
    pub fn note_build<T: Serialize>(&self, build: T) -> Result<BuildNote<T>, Error> {
        let folder = work::subfolder(self.root(), FOLDER)?;
        let path = folder.join(unique_name()).with_extension("json");
        let since = Utc::now();
        let note = Note {
            since,
            holder: Holder::process(std::process::id()),
            build,
        };
        TemporaryPath::new(path.with_extension("unfinished")).write_json(&path, &note)?;
        let build = note.build;
        Ok(BuildNote { since, build, path })
    }

    /// The noted builds whose commands have ended. Notes of other machines are skipped: commands there have the same
    /// engine. Old and unreadable notes are removed.
    pub fn interrupted_builds<T: DeserializeOwned>(&self) -> Result<Vec<BuildNote<T>>, Error> {
        let Some(folder) = work::existing(self.root(), FOLDER)? else {
            return Ok(Vec::new());
        };
        let mut builds = Vec::new();
        let files = folder.read_dir_utf8().map_err(Error::io("list", &folder))?;
        for file in files {
            let path = file.map_err(Error::io("list", &folder))?.into_path();
            if path.extension() != Some("json") {
                continue;
            }
            let Some(bytes) = nofollow::read(&path, MAX_NOTE)? else {
                continue;
            };
            let note = serde_json::from_slice::<Note<T>>(&bytes).ok();
            let Some(note) = note.filter(|note| Utc::now() - note.since < KEPT) else {
                nofollow::remove(&path)?;
                continue;
            };
            let life = note.holder.as_ref().map(Holder::life);
            if matches!(life, None | Some(Life::Ended)) {
                let (since, build) = (note.since, note.build);
                builds.push(BuildNote { since, build, path });
            }
        }
        builds.sort_by_key(|build| build.since);
        Ok(builds)
    }
}

impl<T> BuildNote<T> {
    /// Removes the note.
    pub fn forget(&self) -> Result<(), Error> {
        nofollow::remove(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use camino::Utf8Path;

    use super::*;

    #[test]
    fn a_build_is_found_when_its_command_has_ended() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = Utf8Path::from_path(folder.path()).expect("UTF-8");
        let store = Store::locate(root, None);
        let found = || {
            let builds = store.interrupted_builds::<String>().expect("notes");
            builds.into_iter().map(|it| it.build).collect::<Vec<_>>()
        };
        assert_eq!(found(), [""; 0]);
        let own = store.note_build("own".to_owned()).expect("noted");
        assert_eq!(found(), [""; 0], "this process lives");
        let write = |name: &str, text: &str| {
            let path = own.path.with_file_name(name);
            std::fs::write(&path, text).expect("written");
            path
        };
        let now = Utc::now();
        let old = now - TimeDelta::days(91);
        let text = |since| format!(r#"{{"since":"{since:?}","build":"ended"}}"#);
        write("ended.json", &text(now));
        let gone = [write("old.json", &text(old)), write("bad.json", "{")];
        assert_eq!(found(), ["ended"]);
        assert!(gone.iter().all(|path| !path.exists()));
        own.forget().expect("removed");
        assert!(!own.path.exists());
    }
}
