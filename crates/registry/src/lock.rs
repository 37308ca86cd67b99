//! Kernel locks on files in the store's own folder.
//!
//! A lock is `flock` on a file. The file stays, so that a lock is never on a file that was replaced. It ends with its
//! process, however that ends. Two threads of one process exclude each other as two processes do. The holder writes its
//! process ID into the file, for the message of a timeout.
//!
//! Lock order: an image's lock before the registry's. A process that holds the registry's lock waits for no other lock.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::thread;
use std::time::{Duration, Instant};

use camino::Utf8Path;

use crate::{Error, nofollow};

/// The first pause between two attempts. It grows …
const FIRST_PAUSE: Duration = Duration::from_millis(1);

/// … up to this one: short compared with a build, long compared with an edit of the registry.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// The longest note of a holder, in bytes.
const MAX_NOTE: u64 = 20;

/// A held lock. Dropping it releases it.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Lock {
    /// Whether the path still leads to the locked file. Some lock files are removed by their last holder.
    pub(crate) fn is_named(&self, path: &Utf8Path) -> bool {
        is_named(&self.file, path)
    }
}

/// Takes a lock. Without `timeout`, it waits without limit.
pub(crate) fn take(path: &Utf8Path, what: &str, timeout: Option<Duration>) -> Result<Lock, Error> {
    let started = Instant::now();
    let mut file = open(path)?;
    let mut pause = FIRST_PAUSE;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(Error::io("lock", path)(error)),
        }
        let left = timeout.map(|timeout| timeout.saturating_sub(started.elapsed()));
        if left.is_some_and(|left| left.is_zero()) {
            return Err(Error::LockTimeout {
                what: what.to_owned(),
                holder: holder(&mut file),
                waited: started.elapsed(),
            });
        }
        thread::sleep(left.map_or(pause, |left| left.min(pause)));
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    sign(&mut file);
    Ok(Lock { file })
}

/// The result of an attempt to lock a file.
pub(crate) enum LockState {
    /// There is no file.
    Missing,
    /// Another process holds the lock. A lock that cannot be tried counts as taken.
    Taken,
    /// The file, locked until it is closed.
    Free(File),
}

/// Tries the lock on a file. On NFS, an exclusive lock needs a file that is open for writing
/// (flock(2)). The file is opened for reading only if it cannot be written.
pub(crate) fn probe(path: &Utf8Path) -> Result<LockState, Error> {
    let file = match nofollow::open(path, OpenOptions::new().read(true).write(true)) {
        Err(error) if error.is_read_only() => nofollow::open(path, OpenOptions::new().read(true)),
        opened => opened,
    };
    let file = match file {
        Ok(Some(file)) => file,
        Ok(None) => return Ok(LockState::Missing),
        Err(error) if error.is_read_only() => return Ok(LockState::Taken),
        Err(error) => return Err(error),
    };
    Ok(found(&file.try_lock(), file))
}

fn found(tried: &Result<(), TryLockError>, file: File) -> LockState {
    match tried {
        Ok(()) => LockState::Free(file),
        Err(TryLockError::WouldBlock | TryLockError::Error(_)) => LockState::Taken,
    }
}

/// Whether another process holds the lock on a file; no file means no lock.
pub(crate) fn is_taken(path: &Utf8Path) -> Result<bool, Error> {
    Ok(matches!(probe(path)?, LockState::Taken))
}

fn open(path: &Utf8Path) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let gone = || Error::io("open", path)(io::ErrorKind::NotFound.into());
    nofollow::open(path, &mut options)?.ok_or_else(gone)
}

/// Notes the holder for processes that wait. Failures are ignored: a full disk must not prevent locking.
fn sign(file: &mut File) {
    // A file with a second name may belong to another program: do not write into it.
    if file.metadata().is_ok_and(|metadata| metadata.nlink() == 1) {
        let _ = file
            .set_len(0)
            .and_then(|()| write!(file, "{}", std::process::id()));
    }
}

fn holder(file: &mut File) -> Option<u32> {
    let mut note = String::new();
    file.take(MAX_NOTE).read_to_string(&mut note).ok()?;
    note.parse().ok()
}

/// Whether the path still leads to this open file.
pub(crate) fn is_named(file: &File, path: &Utf8Path) -> bool {
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(file), Ok(named)) => (file.dev(), file.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use camino::Utf8PathBuf;

    use super::*;

    #[test]
    fn a_lock_that_cannot_be_tried_counts_as_taken() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = Utf8PathBuf::from_path_buf(folder.path().join("a")).expect("UTF-8");
        assert!(!is_taken(&path).expect("missing"));
        fs::write(&path, "text").expect("a file");
        assert!(!is_taken(&path).expect("free"));
        let reader = File::open(&path).expect("opened");
        reader.lock_shared().expect("locked");
        assert!(is_taken(&path).expect("read"));
        drop(reader);
        assert!(!is_taken(&path).expect("free again"));
        // NFS returns these for a lock on a read-only descriptor, and for a server without locks.
        for error in [rustix::io::Errno::BADF, rustix::io::Errno::NOLCK] {
            let refused = Err(TryLockError::Error(error.into()));
            let file = File::open(&path).expect("opened");
            assert!(matches!(found(&refused, file), LockState::Taken), "{error}");
        }
        let Ok(LockState::Free(file)) = probe(&path) else {
            panic!("it is free");
        };
        (&file).write_all(b"more").expect("it is open for writing");
    }
}
