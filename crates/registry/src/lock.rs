//! Kernel locks on files in the store's own folder.
//!
//! A lock is `flock` on a file that stays for good, so that nobody can lock a file which is no
//! longer the one by that name. It ends with the process that holds it, however that dies. Two
//! threads of one process exclude each other as two processes do. The holder writes its process
//! ID into the file, for the message of whoever waits in vain.
//!
//! Lock order: an image's lock before the registry's. Nobody who holds the registry's lock waits
//! for another one.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::thread;
use std::time::{Duration, Instant};

use camino::Utf8Path;

use crate::{Error, own};

/// The pauses between two attempts grow from this …
const FIRST_PAUSE: Duration = Duration::from_millis(1);

/// … to this: short beside a build, long beside an edit of the registry.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// The longest note of a holder that is read back, in bytes.
const MAX_NOTE: u64 = 20;

/// A lock that is held. Dropping it lets go.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Lock {
    /// Whether the file that is locked is still the one by its name: files of locks that are not for good are removed by
    /// whoever holds them last.
    pub(crate) fn is_named(&self, path: &Utf8Path) -> bool {
        is_named(&self.file, path)
    }
}

/// Takes a lock. No `timeout` means to wait for as long as it takes.
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

/// What an attempt to lock a file found.
pub(crate) enum Probe {
    /// There is no file.
    Missing,
    /// Another process holds the lock, or it can't be tried: then it counts as taken.
    Taken,
    /// The file, locked until it is closed.
    Free(File),
}

/// Tries the lock on a file. NFS locks a file for one holder alone only if it is open for writing (flock(2)), so it is opened for
/// reading only if it can't be written.
pub(crate) fn probe(path: &Utf8Path) -> Result<Probe, Error> {
    let file = match own::open(path, OpenOptions::new().read(true).write(true)) {
        Err(error) if error.is_read_only() => own::open(path, OpenOptions::new().read(true)),
        opened => opened,
    };
    let file = match file {
        Ok(Some(file)) => file,
        Ok(None) => return Ok(Probe::Missing),
        Err(error) if error.is_read_only() => return Ok(Probe::Taken),
        Err(error) => return Err(error),
    };
    Ok(found(&file.try_lock(), file))
}

fn found(tried: &Result<(), TryLockError>, file: File) -> Probe {
    match tried {
        Ok(()) => Probe::Free(file),
        Err(TryLockError::WouldBlock | TryLockError::Error(_)) => Probe::Taken,
    }
}

/// Whether another process holds the lock on a file; one that is not there has none.
pub(crate) fn is_taken(path: &Utf8Path) -> Result<bool, Error> {
    Ok(matches!(probe(path)?, Probe::Taken))
}

fn open(path: &Utf8Path) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let gone = || Error::io("open", path)(io::ErrorKind::NotFound.into());
    own::open(path, &mut options)?.ok_or_else(gone)
}

/// Leaves a note for whoever waits. Only a courtesy to others: a full disk must not keep anybody from locking.
fn sign(file: &mut File) {
    // A file of two names may be somebody's under the other one.
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

/// Whether a name still leads to a file that was opened by it.
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
        // What NFS says of a lock on a descriptor for reading, and of a server without locks.
        for error in [rustix::io::Errno::BADF, rustix::io::Errno::NOLCK] {
            let refused = Err(TryLockError::Error(error.into()));
            let file = File::open(&path).expect("opened");
            assert!(matches!(found(&refused, file), Probe::Taken), "{error}");
        }
        let Ok(Probe::Free(file)) = probe(&path) else {
            panic!("it is free");
        };
        (&file).write_all(b"more").expect("it is open for writing");
    }
}
