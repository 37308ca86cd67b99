//! The archive's file: its kind, and its bytes from any offset.

use std::fs::{File, TryLockError};
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::thread;
use std::time::Duration;

use camino::Utf8Path;

use crate::Error;
use crate::decode::{Compression, Decoded, Magic, skip};
use crate::error::{Blame, IS_LFS_POINTER};
use crate::growth::Allowance;
use crate::headers::{BLOCK, Headers};
use crate::member::{Pass, TarError};

/// The size of a read: large enough that the cost of the system call does not matter.
pub(crate) const CHUNK: usize = 256 * 1024;

/// The size of a read for headers between layers: it covers the headers of small members and the next bytes.
pub(crate) const HEADERS: usize = 4 * 1024;

/// The start of a Git LFS pointer (git-lfs, docs/spec.md).
const LFS_POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

/// An open archive file.
#[derive(Debug)]
pub(crate) struct Source {
    pub file: File,
    pub size: u64,
    pub compression: Compression,
    pub blame: Blame,
}

impl Source {
    /// Opens a file and detects its kind. The most common mistakes get their own errors.
    pub(crate) fn open(path: &Utf8Path) -> Result<Self, Error> {
        let blame = Blame::new(path);
        // Checked before the file is opened: opening a FIFO would wait for its writer.
        let metadata = path.metadata().map_err(|error| blame.read(error))?;
        if metadata.is_dir() {
            return Err(blame.not_an_archive("is a folder, not an image archive", None));
        }
        if !metadata.is_file() {
            return Err(blame.not_an_archive(
                "is not a regular file; imgpipe must seek in an archive",
                Some("write it to a file first"),
            ));
        }
        let file = File::open(path).map_err(|error| blame.read(error))?;
        mark(&file);
        let size = metadata.len();
        let mut start = Vec::new();
        Slice::new(&file, 0, size.min(BLOCK))
            .read_to_end(&mut start)
            .map_err(|error| blame.read(error))?;
        if start.is_empty() {
            return Err(blame.not_an_archive(
                "is empty",
                Some("the command that wrote it failed; run it again"),
            ));
        }
        if start.starts_with(LFS_POINTER) {
            return Err(blame.not_an_archive(IS_LFS_POINTER, Some("git lfs pull")));
        }
        let compression = match Compression::sniff(&start) {
            Magic::Known(compression) => compression,
            Magic::Unsupported(_) => {
                return Err(blame.not_an_archive(
                    "is compressed with xz or bzip2, which engines cannot load",
                    Some("decompress it, or use gzip or zstd"),
                ));
            }
        };
        if compression == Compression::None && !is_tar(&start) {
            return Err(blame.not_an_archive(
                if is_text(&start) {
                    "is a text file, not an image archive"
                } else {
                    "is not an image archive"
                },
                None,
            ));
        }
        Ok(Self {
            file,
            size,
            compression,
            blame,
        })
    }

    /// The tar's bytes, decompressed, from the start.
    pub(crate) fn stream(&self) -> Result<Decoded<'_>, Error> {
        let whole = BufReader::with_capacity(CHUNK, Slice::new(&self.file, 0, self.size));
        self.compression
            .decode(whole, Allowance::default().most(self.size, None))
            .map_err(|error| self.blame.read(error))
    }
}

/// Refuses a Git LFS pointer. Makes no other check: a missing or unreadable file is not refused.
pub fn refuse_pointer(path: &Utf8Path) -> Result<(), Error> {
    let mut start = [0; LFS_POINTER.len()];
    let read = path
        .metadata()
        .and_then(|metadata| match metadata.is_file() {
            true => File::open(path)?.read_exact_at(&mut start, 0),
            false => Ok(()),
        });
    match read {
        Ok(()) if start == LFS_POINTER => {
            Err(Blame::new(path).not_an_archive(IS_LFS_POINTER, Some("git lfs pull")))
        }
        _ => Ok(()),
    }
}

/// Whether these bytes, which may end inside a character, are text.
fn is_text(start: &[u8]) -> bool {
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&start[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.contains(|c: char| c.is_control() && !c.is_ascii_whitespace())
}

/// Whether a first block is a tar's header. Accepts fewer bytes too: a tar that is truncated inside its first header is
/// still a tar.
pub(crate) fn is_tar(start: &[u8]) -> bool {
    if start.len() < 512 {
        return start.get(257..262) == Some(b"ustar");
    }
    matches!(
        Headers::new(start).next_member(),
        Ok(_) | Err(TarError::Truncated { .. })
    )
}

/// A part of a file, read without moving the file's own position.
pub(crate) struct Slice<'a> {
    file: &'a File,
    position: u64,
    end: u64,
}

impl<'a> Slice<'a> {
    pub(crate) fn new(file: &'a File, start: u64, length: u64) -> Self {
        Self {
            file,
            position: start,
            end: start.saturating_add(length),
        }
    }
}

impl Read for Slice<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.position)).unwrap_or(usize::MAX);
        let most = left.min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        let read = self.file.read_at(&mut buffer[..most], self.position)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl Pass for Slice<'_> {
    fn pass(&mut self, bytes: u64) -> io::Result<u64> {
        let passed = bytes.min(self.end.saturating_sub(self.position));
        self.position += passed;
        Ok(passed)
    }
}

impl Pass for BufReader<Slice<'_>> {
    fn pass(&mut self, bytes: u64) -> io::Result<u64> {
        let ahead = usize::try_from(bytes).unwrap_or(usize::MAX);
        let ahead = ahead.min(self.buffer().len());
        self.consume(ahead);
        let ahead = ahead as u64;
        Ok(ahead + self.get_mut().pass(bytes - ahead)?)
    }
}

impl Pass for &[u8] {
    fn pass(&mut self, bytes: u64) -> io::Result<u64> {
        let passed = usize::try_from(bytes).unwrap_or(usize::MAX).min(self.len());
        *self = &self[passed..];
        Ok(passed as u64)
    }
}

/// A stream that skips bytes by reading them.
pub(crate) struct Piped<R>(pub R);

impl<R: Read> Read for Piped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<R: Read> Pass for Piped<R> {
    fn pass(&mut self, bytes: u64) -> io::Result<u64> {
        skip(&mut self.0, bytes)
    }
}

/// The number of attempts to lock a file. Another process holds the lock for a moment while it checks whether the file
/// is in use.
const LOCK_ATTEMPTS: usize = 2;

/// Locks a file for reading, so that no process removes it as unused. If that fails, the file is read nevertheless: an
/// open file stays complete, even if its name is removed.
fn mark(file: &File) {
    for _ in 0..LOCK_ATTEMPTS {
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(1)),
            Ok(()) | Err(TryLockError::Error(_)) => return,
        }
    }
}
