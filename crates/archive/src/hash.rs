//! SHA-256 of streams.

use std::io::{self, Read, Write};

use naming::Digest;
use sha2::{Digest as _, Sha256};

use crate::source::CHUNK;

/// The digest of some bytes.
pub fn digest_of(bytes: &[u8]) -> Digest {
    Digest::from_bytes(Sha256::digest(bytes).into())
}

/// The digest of the rest of a reader.
pub fn digest_reader(input: impl Read) -> io::Result<Digest> {
    let mut hashing = Hashing::new(input);
    let mut buffer = vec![0; CHUNK];
    loop {
        match hashing.read(&mut buffer) {
            Ok(0) => return Ok(hashing.finish().0),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// A reader or a writer that hashes and counts its bytes.
pub(crate) struct Hashing<T> {
    inner: T,
    sha: Sha256,
    count: u64,
}

impl<T> Hashing<T> {
    pub(crate) fn new(inner: T) -> Self {
        Self {
            inner,
            sha: Sha256::new(),
            count: 0,
        }
    }

    /// The digest and the number of the bytes.
    pub(crate) fn finish(self) -> (Digest, u64) {
        (Digest::from_bytes(self.sha.finalize().into()), self.count)
    }

    fn pass(&mut self, bytes: &[u8]) {
        self.sha.update(bytes);
        self.count += bytes.len() as u64;
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.pass(&buffer[..read]);
        Ok(read)
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.pass(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
