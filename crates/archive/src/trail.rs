//! The digest of a file that is still being written: a thread reads behind the writer, as far as bytes are final.
//! What was just written is in memory, so that this costs little beside the hashing.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use naming::Digest;
use sha2::{Digest as _, Sha256};

use crate::source::CHUNK;

/// The priority of what nobody waits for (setpriority(2)).
const LOWEST: i32 = 19;

/// A file's hash from its start to some place.
#[derive(Debug, Default)]
pub(crate) struct Prefix {
    sha: Sha256,
    end: u64,
}

impl Prefix {
    /// The bytes that are part of it.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Takes in what the file has up to `end`.
    fn extend(&mut self, file: &File, end: u64, buffer: &mut [u8]) -> io::Result<()> {
        while self.end < end {
            let most = usize::try_from(end - self.end).unwrap_or(usize::MAX);
            let chunk = most.min(buffer.len());
            match file.read_at(&mut buffer[..chunk], self.end) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => {
                    self.sha.update(&buffer[..read]);
                    self.end += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The digest of the whole file.
    pub(crate) fn complete(mut self, file: &File) -> io::Result<Digest> {
        let length = file.metadata()?.len();
        self.extend(file, length, &mut vec![0; CHUNK])?;
        Ok(Digest::from_bytes(self.sha.finalize().into()))
    }
}

/// A reader behind a writer. Dropped, it stops at once.
#[derive(Debug)]
pub(crate) struct Trail {
    ends: Option<Sender<u64>>,
    reader: Option<JoinHandle<io::Result<Prefix>>>,
    stop: Arc<AtomicBool>,
}

impl Trail {
    pub(crate) fn start(file: &File) -> io::Result<Self> {
        let file = file.try_clone()?;
        let (ends, given) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let reader = thread::Builder::new().spawn(move || follow(&file, &given, &stopped))?;
        Ok(Self {
            ends: Some(ends),
            reader: Some(reader),
            stop,
        })
    }

    /// All before `end` is written, and won't change.
    pub(crate) fn advance(&self, end: u64) {
        if let Some(ends) = &self.ends {
            // It fails where reading did, and then `finish` has nothing.
            let _ = ends.send(end);
        }
    }

    /// What was read; `None` where reading failed.
    pub(crate) fn finish(mut self) -> Option<Prefix> {
        self.ends = None;
        self.reader.take()?.join().ok()?.ok()
    }
}

impl Drop for Trail {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.ends = None;
        // It holds the file, and with it the file's lock.
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

fn follow(file: &File, ends: &Receiver<u64>, stop: &AtomicBool) -> io::Result<Prefix> {
    let mut prefix = Prefix::default();
    let mut buffer = vec![0; CHUNK];
    // While an engine streams, processors are scarce; while the disk flushes, they are idle. On Linux this is of the
    // thread alone. Without it the digest is as good.
    let _ = rustix::process::setpriority_process(None, LOWEST);
    for end in ends {
        while prefix.end < end && !stop.load(Ordering::Relaxed) {
            let next = end.min(prefix.end + CHUNK as u64);
            prefix.extend(file, next, &mut buffer)?;
        }
    }
    Ok(prefix)
}

#[cfg(test)]
mod tests;
