//! Temporary folders for podman's loads, saves and builds.
//!
//! podman writes a whole archive to its temporary folder before it reads it. It leaves the file there if it refuses the
//! archive or is interrupted (4.3 to 6.1). An interrupted build leaves its build file and layers there (4.3).
//!
//! So each call gets its own folder, which is removed when the call ends. The process that made the folder holds a lock
//! on it. A folder without a held lock was left by a killed process, and the next call removes it.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};

/// The prefix of the folders' names.
const PREFIX: &str = "imgpipe-podman-";

/// The number of names to try.
const ATTEMPTS: usize = 100;

static LIVE: Mutex<Vec<Utf8PathBuf>> = Mutex::new(Vec::new());

fn live() -> MutexGuard<'static, Vec<Utf8PathBuf>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A folder for one call. It is removed with all its files on drop.
#[derive(Debug)]
pub(crate) struct Spool {
    path: Utf8PathBuf,
    _lock: File,
}

impl Spool {
    /// Creates a folder in `parent`, and removes those of dead processes there.
    pub(crate) fn create(parent: &Utf8Path) -> io::Result<Self> {
        sweep(parent);
        for _ in 0..ATTEMPTS {
            let path = parent.join(unique_name());
            match DirBuilder::new().mode(0o700).create(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                made => made?,
            }
            process::on_clean_up(crate::temporary::remove_temporary);
            live().push(path.clone());
            let locked = File::open(&path).and_then(|file| file.lock().map(|()| file));
            match locked {
                // Another process removed it as an orphan before it was locked.
                Err(error) if error.kind() == io::ErrorKind::NotFound => forget(&path),
                Ok(file) if !is_named(&file, &path) => forget(&path),
                locked => {
                    return Ok(Self {
                        path,
                        _lock: locked?,
                    });
                }
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    pub(crate) fn path(&self) -> &Utf8Path {
        &self.path
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        remove(&self.path);
        forget(&self.path);
    }
}

/// Removes the folders of this process. Use it before the process exits without drops.
pub(crate) fn remove_all() {
    for path in std::mem::take(&mut *live()) {
        remove(&path);
    }
}

/// Removes a folder. On failure it is left to the next call. A folder with a mount inside is kept too: a `RUN` step of a build may
/// have mounted the user's own files.
fn remove(folder: &Utf8Path) {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let is_mounted = folder.file_name().is_none_or(|name| mounts.contains(name));
    if !is_mounted {
        let _ = fs::remove_dir_all(folder);
    }
}

fn forget(path: &Utf8Path) {
    live().retain(|live| live != path);
}

fn unique_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let nanos = now.subsec_nanos();
    format!("{PREFIX}{}-{count}-{nanos:08x}", std::process::id())
}

/// Removes the folders of dead processes. Those of other users cannot be opened, and stay.
fn sweep(parent: &Utf8Path) {
    let entries = parent.read_dir_utf8().into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().starts_with(PREFIX)) {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let is_free = |file: File| file.try_lock().is_ok();
        if is_folder && File::open(entry.path()).is_ok_and(is_free) {
            remove(entry.path());
        }
    }
}

/// Whether a path still leads to the folder that was opened by it.
fn is_named(file: &File, path: &Utf8Path) -> bool {
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(file), Ok(named)) => (file.dev(), file.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_go_with_their_call_and_those_of_the_dead_with_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let parent = Utf8Path::from_path(folder.path()).unwrap();
        let dead = parent.join(format!("{PREFIX}1-0-00000000"));
        fs::create_dir(&dead).unwrap();
        fs::write(dead.join("archive"), "bytes").unwrap();
        fs::create_dir(parent.join("other")).unwrap();
        let first = Spool::create(parent).unwrap();
        fs::write(first.path().join("archive"), "bytes").unwrap();
        let second = Spool::create(parent).unwrap();
        assert!(!dead.exists() && first.path().exists() && second.path().exists());
        drop((first, second));
        let left: Vec<_> = parent.read_dir_utf8().unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
        assert!(Spool::create(&parent.join("none")).is_err());
    }
}
