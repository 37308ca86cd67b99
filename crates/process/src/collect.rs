//! Reads a child's streams on separate threads, so that no pipe fills up.
//!
//! A stream ends when its last writer closes it, and that may not be the child: a plugin, a wrapper's engine or a
//! connection of `ssh` may hold it for hours. So the threads are not joined. After the child's end they have [`LINGER`]
//! to finish.

use std::io::{PipeReader, Read};
use std::ops::Deref;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{io, thread};

use crate::child::Child;
use crate::tail::Tail;

/// How long streams may stay open after the child's end. Its own output is read within milliseconds.
const LINGER: Duration = Duration::from_secs(2);
/// The same after a child that was ended early: its last output does not matter.
const SHORT_LINGER: Duration = Duration::from_millis(100);
/// Bytes read at once: the usual size of a pipe, or part of a large one.
const CHUNK: usize = 128 * 1024;
/// How many chunks are buffered for a slow caller before the program must wait.
const BACKLOG: usize = 8;

/// Collects the end of a stream.
pub struct Collector {
    tail: Arc<Mutex<Tail>>,
    done: Receiver<()>,
    child: Arc<Child>,
}

impl Collector {
    /// Reads `pipe` to its end, keeping the last `limit` bytes.
    pub fn start(pipe: PipeReader, child: &Arc<Child>, limit: usize) -> io::Result<Self> {
        let tail = Arc::new(Mutex::new(Tail::new(limit)));
        let (finished, done) = channel();
        let into = tail.clone();
        read_on_thread(pipe, child, move |buffer, count| {
            // The sender is dropped with this closure, which tells the collector that the thread has ended.
            let _ = &finished;
            into.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(&buffer[..count]);
            true
        })?;
        Ok(Self {
            tail,
            done,
            child: child.clone(),
        })
    }

    /// The collected bytes. Call it after the child's end.
    pub fn finish(self) -> Tail {
        // Nothing is ever sent: this returns when the thread ends, or after the time.
        let _ = self.done.recv_timeout(linger(&self.child));
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut tail, Tail::new(0))
    }
}

/// The chunks of a stream, for the caller's thread.
pub struct Chunks {
    chunks: Receiver<Chunk>,
    child: Arc<Child>,
}

/// Some bytes of a stream; their memory is reused.
pub struct Chunk {
    buffer: Vec<u8>,
    length: usize,
    used: SyncSender<Vec<u8>>,
}

impl Deref for Chunk {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.buffer[..self.length]
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        // If the reading thread has ended, the buffer is not needed.
        let _ = self.used.try_send(std::mem::take(&mut self.buffer));
    }
}

impl Chunks {
    /// Reads `pipe`, the output of `child`, a few chunks ahead.
    pub fn start(pipe: PipeReader, child: &Arc<Child>) -> io::Result<Self> {
        let (sender, chunks) = sync_channel(BACKLOG);
        let (used, reusable) = sync_channel::<Vec<u8>>(BACKLOG);
        child.pause();
        read_on_thread(pipe, child, move |buffer, length| {
            let next = reusable.try_recv().unwrap_or_else(|_| vec![0; CHUNK]);
            let chunk = Chunk {
                buffer: std::mem::replace(buffer, next),
                length,
                used: used.clone(),
            };
            sender.send(chunk).is_ok()
        })?;
        Ok(Self {
            chunks,
            child: child.clone(),
        })
    }

    /// The next bytes; `None` at the end of the stream, or if a dead child's stream is silent. The child's timeout
    /// counts only while this waits.
    pub fn next(&self) -> Option<Chunk> {
        self.child.resume();
        let chunk = loop {
            match self.chunks.recv_timeout(linger(&self.child)) {
                Ok(chunk) => break Some(chunk),
                Err(RecvTimeoutError::Timeout)
                    if self.child.wait_briefly(Duration::ZERO).is_none() => {}
                Err(_) => break None,
            }
        };
        self.child.pause();
        chunk
    }
}

fn linger(child: &Child) -> Duration {
    match child.stopped() {
        Some(_) => SHORT_LINGER,
        None => LINGER,
    }
}

/// Passes the bytes of `pipe` to `sink`, on a thread, until the stream ends or `sink` returns `false`. `sink` gets a
/// buffer, which it may replace with one of the same length, and the number of bytes in it.
fn read_on_thread(
    mut pipe: PipeReader,
    child: &Arc<Child>,
    mut sink: impl FnMut(&mut Vec<u8>, usize) -> bool + Send + 'static,
) -> io::Result<()> {
    let child = child.clone();
    let read = move || {
        let mut buffer = vec![0; CHUNK];
        loop {
            match pipe.read(&mut buffer) {
                Ok(0) => return,
                Ok(count) => {
                    child.moved();
                    if !sink(&mut buffer, count) {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    };
    thread::Builder::new()
        .name("program output".into())
        .spawn(read)
        .map(drop)
}
