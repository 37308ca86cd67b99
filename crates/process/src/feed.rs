//! The standard input of a child, from this side.
//!
//! This process holds the reading end of the pipe too, and empties it after the child's end. So no write blocks because
//! of a reader that a dead wrapper left behind. It also shows what a successful program did not read: zeros are the end
//! of a tar, anything else is a failure.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::io::Errno;
use rustix::pipe::{SpliceFlags, splice};

use crate::child::Child;

/// How many bytes are copied at a time from a file that cannot be spliced.
const COPIED: usize = 256 * 1024;

/// A writer to a watched child. The timeout counts only during writes, and after the last.
pub struct Input {
    pipe: PipeWriter,
    child: Arc<Child>,
    watch: JoinHandle<()>,
    /// The child failed, or left something unread.
    refused: Arc<AtomicBool>,
    /// A write returned that error.
    broken: bool,
}

impl Input {
    /// `drain` is another handle on the end of `pipe` that the child reads.
    pub fn start(
        pipe: PipeWriter,
        mut drain: PipeReader,
        child: &Arc<Child>,
        limit: Option<Duration>,
    ) -> io::Result<Self> {
        child.pause();
        let refused = Arc::new(AtomicBool::new(false));
        let (to_watch, refuse) = (child.clone(), refused.clone());
        let watch = move || {
            if !to_watch.wait(limit).is_ok_and(|status| status.success()) {
                refuse.store(true, Ordering::SeqCst);
            }
            let mut buffer = [0; 16 * 1024];
            while let Ok(count @ 1..) = drain.read(&mut buffer) {
                if buffer[..count].iter().any(|&byte| byte != 0) {
                    refuse.store(true, Ordering::SeqCst);
                }
            }
        };
        let watch = thread::Builder::new()
            .name("program watch".into())
            .spawn(watch)?;
        Ok(Self {
            pipe,
            child: child.clone(),
            watch,
            refused,
            broken: false,
        })
    }

    /// Whether a write failed, so that later errors are its consequence.
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// Ends the stream and waits for the child. Returns whether it failed or left something unread.
    pub fn finish(self) -> io::Result<bool> {
        self.child.resume();
        drop(self.pipe);
        self.watch
            .join()
            .map_err(|_| io::Error::other("the thread that watches the program panicked"))?;
        Ok(self.refused.load(Ordering::SeqCst))
    }

    fn check(&self) -> io::Result<()> {
        if self.refused.load(Ordering::SeqCst) || self.child.stopped().is_some() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(())
    }
}

impl Input {
    /// Moves bytes of a file to the child, without a copy if the file system can do that. Returns how many: none at the end of the
    /// file.
    pub fn write_from(&mut self, file: &File, offset: u64, length: usize) -> io::Result<usize> {
        self.watched(|pipe| {
            let spliced = splice(
                file,
                Some(&mut offset.clone()),
                &*pipe,
                None,
                length,
                SpliceFlags::empty(),
            );
            match spliced {
                Err(Errno::INVAL | Errno::NOSYS) => {
                    let mut buffer = vec![0; length.min(COPIED)];
                    let read = file.read_at(&mut buffer, offset)?;
                    pipe.write(&buffer[..read])
                }
                spliced => Ok(spliced?),
            }
        })
    }

    /// Writes while the child's timeout counts.
    fn watched(
        &mut self,
        write: impl FnOnce(&mut PipeWriter) -> io::Result<usize>,
    ) -> io::Result<usize> {
        self.child.resume();
        let written = self.check().and_then(|()| write(&mut self.pipe));
        self.child.pause();
        // Bytes written to a child that failed meanwhile are lost.
        let written = written.and_then(|count| self.check().map(|()| count));
        self.broken |= written
            .as_ref()
            .is_err_and(|error| error.kind() != io::ErrorKind::Interrupted);
        written
    }
}

impl Write for Input {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.watched(|pipe| pipe.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
