//! Reading and writing at the same time.

use std::io::{self, Write};
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crate::compose::write_error;
use crate::error::Error;
use crate::source::CHUNK;

/// How many chunks wait for a slow writer before the reader has to.
const DEPTH: usize = 4;

/// Runs `produce` on a thread of its own while what it writes goes to `out` here. What was written before
/// `produce` failed is written all the same.
pub(crate) fn overlap<T: Send>(
    out: &mut impl Write,
    produce: impl FnOnce(&mut Chunks) -> Result<T, Error> + Send,
) -> Result<T, Error> {
    let (full, chunks) = sync_channel(DEPTH);
    let (recycle, empty) = sync_channel(DEPTH);
    thread::scope(|scope| {
        let producer = scope.spawn(move || {
            let mut writer = Chunks {
                full,
                empty,
                chunk: Vec::with_capacity(CHUNK),
            };
            let produced = produce(&mut writer);
            writer.flush().map_err(write_error)?;
            produced
        });
        let written = drain(&chunks, &recycle, out);
        // The producer's next write fails, if there is one.
        drop(chunks);
        let produced = producer.join().unwrap_or_else(|panic| resume_unwind(panic));
        written.map_err(write_error)?;
        produced
    })
}

fn drain(
    chunks: &Receiver<Vec<u8>>,
    recycle: &SyncSender<Vec<u8>>,
    out: &mut impl Write,
) -> io::Result<()> {
    for chunk in chunks {
        out.write_all(&chunk)?;
        // Where nobody waits for it, it is dropped.
        let _ = recycle.try_send(chunk);
    }
    Ok(())
}

/// A writer to the other thread.
pub(crate) struct Chunks {
    full: SyncSender<Vec<u8>>,
    empty: Receiver<Vec<u8>>,
    chunk: Vec<u8>,
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let most = bytes.len().min(CHUNK - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..most]);
        if self.chunk.len() == CHUNK {
            self.flush()?;
        }
        Ok(most)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        let mut next = self
            .empty
            .try_recv()
            .unwrap_or_else(|_| Vec::with_capacity(CHUNK));
        next.clear();
        let full = std::mem::replace(&mut self.chunk, next);
        self.full
            .send(full)
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}
