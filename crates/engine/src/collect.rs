//! Reading a child's streams on threads of their own, so that no pipe ever fills up.
//!
//! A stream ends when its last writer is gone, and that need not be the child: a plugin, a
//! wrapper's engine or a connection kept open by `ssh` may hold it for hours. So the threads are
//! not joined; after the child's end they get [`LINGER`] to come to theirs.

use std::io::{PipeReader, Read};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{io, thread};

use crate::child::Child;
use crate::tail::Tail;

/// How long streams may stay open after the child's end. What a child has written is read within
/// milliseconds.
pub(crate) const LINGER: Duration = Duration::from_secs(2);
/// Bytes read at once: what a pipe holds.
const CHUNK: usize = 64 * 1024;

/// The end of a stream, in the making.
pub(crate) struct Collector {
    tail: Arc<Mutex<Tail>>,
    done: Receiver<()>,
}

impl Collector {
    /// Reads `pipe` to its end, keeping the last `limit` bytes.
    pub(crate) fn start(pipe: PipeReader, child: &Arc<Child>, limit: usize) -> io::Result<Self> {
        let tail = Arc::new(Mutex::new(Tail::new(limit)));
        let (finished, done) = channel();
        let into = tail.clone();
        read_on_thread(pipe, child, move |bytes| {
            // The sender is what tells the collector of the end: it goes with this closure.
            let _ = &finished;
            into.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(bytes);
            true
        })?;
        Ok(Self { tail, done })
    }

    /// What was collected. To be called after the child's end.
    pub(crate) fn finish(self) -> Tail {
        // Nothing is ever sent: this returns when the thread ends, or after the time.
        let _ = self.done.recv_timeout(LINGER);
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut tail, Tail::new(0))
    }
}

/// Gives what comes through `pipe` to `sink`, on a thread, until the stream ends or `sink` returns
/// `false`.
pub(crate) fn read_on_thread(
    mut pipe: PipeReader,
    child: &Arc<Child>,
    mut sink: impl FnMut(&[u8]) -> bool + Send + 'static,
) -> io::Result<()> {
    let child = child.clone();
    let read = move || {
        let mut buffer = vec![0; CHUNK];
        loop {
            match pipe.read(&mut buffer) {
                Ok(0) => return,
                Ok(count) => {
                    child.moved();
                    if !sink(&buffer[..count]) {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    };
    thread::Builder::new()
        .name("engine output".into())
        .spawn(read)
        .map(drop)
}
