//! Temporary files of new archives.
//!
//! An archive is written to a folder for such files (see [`staging`]), and renamed to its final path when it is
//! complete. Its writer holds a lock on it. A file with a free lock was left by a dead process, and the next writer
//! removes it.
//!
//! A file may be removed between its creation and its locking. The writer notices, because the name no longer leads to
//! the locked file, and creates another one.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};
use serde::Serialize;

use crate::atomic::{parent, sync_folder};
use crate::lock::{LockState, is_named, probe};
use crate::{Error, Store, StorePath, nofollow, staging};

/// The temporary files of this process, to be removed at its end.
static LIVE: Mutex<BTreeSet<Utf8PathBuf>> = Mutex::new(BTreeSet::new());

static COUNTER: AtomicU64 = AtomicU64::new(0);

/// How often to try another name. One attempt is nearly always enough.
const ATTEMPTS: usize = 100;

fn live() -> MutexGuard<'static, BTreeSet<Utf8PathBuf>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes every temporary file of this process. Call it right before the process ends without dropping its values.
/// Later writes fail.
pub fn remove_unfinished() {
    for path in std::mem::take(&mut *live()) {
        let _ = fs::remove_file(path);
    }
}

/// A file that is removed unless it is renamed.
#[derive(Debug)]
pub(crate) struct TemporaryPath {
    path: Utf8PathBuf,
}

impl TemporaryPath {
    pub fn new(path: Utf8PathBuf) -> Self {
        live().insert(path.clone());
        Self { path }
    }

    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// Writes a value as JSON, and renames the file to its final name. No other process may use the temporary name: it is
    /// unique, or the registry's lock is held.
    pub fn write_json(self, to: &Utf8Path, value: &impl Serialize) -> Result<(), Error> {
        let text = serde_json::to_vec(value);
        let text = text.map_err(|error| Error::io("write", to)(error.into()))?;
        let mut file = nofollow::create(self.path())?;
        file.write_all(&text).map_err(Error::io("write", to))?;
        self.rename(to)
    }

    /// Renames the file to its final name.
    pub fn rename(self, to: &Utf8Path) -> Result<(), Error> {
        // Under the lock, so that the cleanup never removes the renamed file.
        let mut live = live();
        fs::rename(&self.path, to).map_err(Error::io("write", to))?;
        live.remove(&self.path);
        Ok(())
    }
}

impl Drop for TemporaryPath {
    fn drop(&mut self) {
        if live().remove(&self.path) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A file that becomes an archive of the store when it is committed, and is removed when it is dropped. The position is
/// the file's own: seek to the start before reading back.
#[derive(Debug)]
pub struct Unfinished {
    file: File,
    temporary: TemporaryPath,
    store: Store,
}

impl Unfinished {
    /// A file for this final path, if known.
    pub(crate) fn create(store: &Store, target: Option<&StorePath>) -> Result<Self, Error> {
        let folder = staging::folder(store, target)?;
        sweep(&folder);
        Self::create_in(store, &folder)
    }

    fn create_in(store: &Store, folder: &Utf8Path) -> Result<Self, Error> {
        for _ in 0..ATTEMPTS {
            let temporary = TemporaryPath::new(folder.join(unique_name()));
            let path = temporary.path();
            let opened = OpenOptions::new()
                .read(true)
                .write(true)
                .create_new(true)
                .open(path);
            let file = match opened {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                other => other.map_err(Error::io("create", path))?,
            };
            file.lock().map_err(Error::io("lock", path))?;
            if is_named(&file, path) {
                return Ok(Self {
                    file,
                    temporary,
                    store: store.clone(),
                });
            }
        }
        Err(Error::io("create a file in", folder)(
            io::ErrorKind::AlreadyExists.into(),
        ))
    }

    /// The file on the mount of its final path. It is copied if it was created before that path was known.
    pub(crate) fn on_mount_of(mut self, target: &StorePath) -> Result<Self, Error> {
        let folder = staging::folder(&self.store, Some(target))?;
        if parent(self.path()) == folder {
            return Ok(self);
        }
        let mut copy = Self::create_in(&self.store, &folder)?;
        let copied = self
            .file
            .rewind()
            .and_then(|()| io::copy(&mut self.file, &mut copy.file));
        copied.map_err(Error::io("write", copy.path()))?;
        Ok(copy)
    }

    /// The temporary path.
    pub fn path(&self) -> &Utf8Path {
        self.temporary.path()
    }

    /// The file, for positioned reads.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// The file itself.
    pub fn file_mut(&mut self) -> &mut File {
        &mut self.file
    }

    /// Flushes the file, so that [`Self::commit`] is short under a lock.
    pub fn sync(&self) -> Result<(), Error> {
        self.file
            .sync_all()
            .map_err(Error::io("flush", self.path()))
    }

    /// Renames the file to its final path, replacing an old one. When this returns, the archive survives a power cut.
    pub fn commit(self, target: &StorePath) -> Result<(), Error> {
        self.sync()?;
        let place = target.absolute();
        let folder = parent(&place);
        // Check before anything is created and again before the rename: a missing component may have become a link
        // since the validation.
        self.store.path(target.as_path())?;
        fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        self.store.path(target.as_path())?;
        let origin = parent(self.path()).to_owned();
        self.temporary.rename(&place)?;
        sync_folder(folder)?;
        sync_folder(parent(folder))?;
        sync_folder(&origin)
    }
}

impl Read for Unfinished {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}

impl Write for Unfinished {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for Unfinished {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.file.seek(position)
    }
}

pub(crate) fn unique_name() -> String {
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let nanos = now.map_or(0, |now| now.subsec_nanos());
    // Process IDs repeat between containers that share a store, and the other parts may, rarely.
    format!("{}-{count}-{nanos:08x}.tar", std::process::id())
}

/// Whether [`unique_name`] can have made this name.
pub(crate) fn is_unique_name(name: &str) -> bool {
    let Some(stem) = name.strip_suffix(".tar") else {
        return false;
    };
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let hex = |part: &str| part.len() == 8 && part.bytes().all(|b| b.is_ascii_hexdigit());
    let mut parts = stem.split('-');
    parts.next().is_some_and(number)
        && parts.next().is_some_and(number)
        && parts.next().is_some_and(hex)
        && parts.next().is_none()
}

/// Removes files of dead writers.
fn sweep(folder: &Utf8Path) {
    for (path, _) in abandoned(folder) {
        // If this fails, the next writer tries again.
        let _ = fs::remove_file(path);
    }
}

/// Temporary files of dead writers, with their lengths.
pub(crate) fn abandoned(folder: &Utf8Path) -> Vec<(Utf8PathBuf, u64)> {
    let Ok(files) = folder.read_dir_utf8() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for entry in files.flatten() {
        let path = entry.path();
        if !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        if let Ok(LockState::Free(file)) = probe(path)
            && is_named(&file, path)
        {
            let bytes = file.metadata().map_or(0, |metadata| metadata.len());
            found.push((path.to_owned(), bytes));
        }
    }
    found
}
