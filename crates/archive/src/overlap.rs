//! Checks and sends at the same time.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crate::compose::write_error;
use crate::error::Error;
use crate::source::CHUNK;

/// The largest number of pieces that wait for a slow writer.
const DEPTH: usize = 4;

/// A writer that may send bytes of a file without copying them through this process.
pub trait Sink: Write {
    /// Writes up to `length` bytes of a file from `offset`, and returns their number: 0 at the end of the file.
    fn write_from(&mut self, file: &File, offset: u64, length: usize) -> io::Result<usize>;
}

/// A sink that copies.
pub(crate) struct Copying<W>(pub W);

impl<W: Write> Write for Copying<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<W: Write> Sink for Copying<W> {
    fn write_from(&mut self, file: &File, offset: u64, length: usize) -> io::Result<usize> {
        let mut buffer = vec![0; length.min(CHUNK)];
        let read = file.read_at(&mut buffer, offset)?;
        self.0.write_all(&buffer[..read])?;
        Ok(read)
    }
}

/// Runs `produce` on a separate thread, and writes its output to `out` on this one. Output from before a failure of
/// `produce` is written too.
pub(crate) fn overlap<'f, T: Send>(
    out: &mut impl Sink,
    produce: impl FnOnce(&mut Pieces<'f>) -> Result<T, Error> + Send,
) -> Result<T, Error> {
    let (full, pieces) = sync_channel(DEPTH);
    let (recycle, empty) = sync_channel(DEPTH);
    let ended = Arc::new(AtomicBool::new(false));
    let has_ended = ended.clone();
    thread::scope(|scope| {
        let producer = scope.spawn(move || {
            let mut writer = Pieces {
                full,
                empty,
                chunk: Vec::with_capacity(CHUNK),
                ended: has_ended,
            };
            let produced = produce(&mut writer);
            writer.flush().map_err(write_error)?;
            produced
        });
        let written = drain(&pieces, &recycle, out);
        // The producer's next write fails, if there is one.
        ended.store(true, Ordering::Relaxed);
        drop(pieces);
        let produced = producer.join().unwrap_or_else(|panic| resume_unwind(panic));
        match (written, produced) {
            // If a file cannot be read, both fail. The error of its reader has the reason.
            (Err(_), Err(error)) if !matches!(error, Error::Write { .. }) => Err(error),
            (Err(error), _) => Err(write_error(error)),
            (Ok(()), produced) => produced,
        }
    })
}

/// A piece of output.
enum Piece<'f> {
    Chunk(Vec<u8>),
    /// Bytes of a file: its offset and its length.
    File(&'f File, u64, u64),
}

fn drain(
    pieces: &Receiver<Piece>,
    recycle: &SyncSender<Vec<u8>>,
    out: &mut impl Sink,
) -> io::Result<()> {
    for piece in pieces {
        match piece {
            Piece::Chunk(chunk) => {
                out.write_all(&chunk)?;
                // It is dropped if the receiver does not wait.
                let _ = recycle.try_send(chunk);
            }
            Piece::File(file, offset, length) => send(file, offset, length, out)?,
        }
    }
    Ok(())
}

fn send(file: &File, mut offset: u64, mut length: u64, out: &mut impl Sink) -> io::Result<()> {
    while length > 0 {
        let most = usize::try_from(length).unwrap_or(usize::MAX).min(SPLICED);
        match out.write_from(file, offset, most) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(sent) => {
                offset += sent as u64;
                length -= sent as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The number of bytes of a file that are sent at a time, so that progress is visible.
const SPLICED: usize = 1 << 20;

/// A writer to the other thread.
pub(crate) struct Pieces<'f> {
    full: SyncSender<Piece<'f>>,
    empty: Receiver<Vec<u8>>,
    chunk: Vec<u8>,
    ended: Arc<AtomicBool>,
}

impl<'f> Pieces<'f> {
    /// Sends bytes of a file, which this thread need not read.
    pub(crate) fn send_file(&mut self, file: &'f File, offset: u64, length: u64) -> io::Result<()> {
        self.flush()?;
        self.send(Piece::File(file, offset, length))
    }

    /// A writer that accepts any bytes, until the other thread ends.
    pub(crate) fn while_sending(&self) -> WhileSending {
        WhileSending(self.ended.clone())
    }

    fn send(&self, piece: Piece<'f>) -> io::Result<()> {
        let sent = self.full.send(piece);
        sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for Pieces<'_> {
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
        self.send(Piece::Chunk(full))
    }
}

/// See [`Pieces::while_sending`].
pub(crate) struct WhileSending(Arc<AtomicBool>);

impl Write for WhileSending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.load(Ordering::Relaxed) {
            true => Err(io::ErrorKind::BrokenPipe.into()),
            false => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
