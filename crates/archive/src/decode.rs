//! Detects compression by its magic number, never by a name or a media type.

use std::io::{self, BufRead, Read};

use crate::growth::{Excess, MAX_WINDOW};

/// The compression of a file or a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Uncompressed.
    None,
    /// gzip (RFC 1952), one member or several.
    Gzip,
    /// Zstandard (RFC 8878), one frame or several.
    Zstd,
}

/// The number of bytes that [`Compression::sniff`] needs.
pub(crate) const MAGIC_LEN: usize = 6;

/// The meaning of the first bytes of a stream.
pub(crate) enum Magic {
    Known(Compression),
    Unsupported(&'static str),
}

impl Compression {
    pub(crate) fn sniff(start: &[u8]) -> Magic {
        match start {
            [0x1f, 0x8b, ..] => Magic::Known(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Magic::Known(Self::Zstd),
            // RFC 8878 3.1.2: a skippable frame, which pzstd and seekable writers put first.
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Magic::Known(Self::Zstd),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Magic::Unsupported("xz"),
            [b'B', b'Z', b'h', ..] => Magic::Unsupported("bzip2"),
            _ => Magic::Known(Self::None),
        }
    }

    /// The decompressed stream. Checks the format's checksums. A stream that ends early is `UnexpectedEof`. One that
    /// becomes longer than `most` bytes is [`Excess`].
    pub(crate) fn decode<'a>(self, input: impl BufRead + 'a, most: u64) -> io::Result<Decoded<'a>> {
        let inner: Box<dyn Read + 'a> = match self {
            Self::None => Box::new(input),
            Self::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(input)),
            Self::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(input)?;
                decoder.window_log_max(MAX_WINDOW)?;
                Box::new(decoder)
            }
        };
        let most = match self {
            Self::None => u64::MAX,
            Self::Gzip | Self::Zstd => most,
        };
        Ok(Decoded {
            inner,
            most,
            became: 0,
        })
    }
}

/// A decompressed stream that fails if it becomes too long.
pub(crate) struct Decoded<'a> {
    inner: Box<dyn Read + 'a>,
    most: u64,
    became: u64,
}

impl Decoded<'_> {
    /// The number of decompressed bytes so far.
    pub(crate) fn became(&self) -> u64 {
        self.became
    }
}

impl Read for Decoded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.became = self.became.saturating_add(read as u64);
        if self.became > self.most {
            return Err(Excess::Length(self.most).into());
        }
        Ok(read)
    }
}

/// Skips `bytes` or up to the end of the stream, even if its compression is truncated. Returns the number of skipped
/// bytes.
pub(crate) fn skip(input: &mut impl Read, bytes: u64) -> io::Result<u64> {
    let mut passed = 0;
    let mut buffer = [0; 16 * 1024];
    while passed < bytes {
        let most = usize::try_from(bytes - passed).unwrap_or(usize::MAX);
        let most = most.min(buffer.len());
        match input.read(&mut buffer[..most]) {
            Ok(0) => break,
            Ok(read) => passed += read as u64,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(error),
        }
    }
    Ok(passed)
}
