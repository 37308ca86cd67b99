//! Compression: found by magic number, never believed from a name or a media type. A stream that becomes very much more
//! than it is ends in an error, so that a few kilobytes can't keep anybody busy for hours.

use std::io::{self, BufRead, Read};

/// How many times its length a stream may become. Programs and their libraries shrink to a third, texts to a tenth, and
/// files with long runs of zeros to a hundredth.
const MAX_GROWTH: u64 = 200;
/// What any stream may become all the same, in bytes: a preallocated file of a gigabyte or two is honest.
const ALWAYS: u64 = 2 << 30;
/// The largest window of zstd, as a power of two: what each decoder should have (RFC 8878, 3.1.1.1.2), and what levels up
/// to 19 use. A larger one is held in memory whole.
const MAX_WINDOW: u32 = 23;

/// How a file or a layer is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// As it is.
    None,
    /// gzip (RFC 1952), one member or several.
    Gzip,
    /// Zstandard (RFC 8878), one frame or several.
    Zstd,
}

/// How many bytes [`Compression::sniff`] wants to see.
pub(crate) const MAGIC_LEN: usize = 6;

/// What the first bytes of a stream say.
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

    /// The stream without its compression. Checksums of the format are checked on the way; a
    /// stream that ends early is `UnexpectedEof`. `stored` is the length of the input in bytes, or what it is a part
    /// of: what comes out is bounded by it.
    pub(crate) fn decode<'a>(
        self,
        input: impl BufRead + 'a,
        stored: u64,
    ) -> io::Result<Box<dyn Read + 'a>> {
        Ok(match self {
            Self::None => Box::new(input),
            Self::Gzip => Box::new(Bounded::new(
                flate2::bufread::MultiGzDecoder::new(input),
                stored,
            )),
            Self::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(input)?;
                decoder.window_log_max(MAX_WINDOW)?;
                Box::new(Bounded::new(decoder, stored))
            }
        })
    }
}

/// A decoder that gives up when too much comes out.
struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Bounded<R> {
    fn new(inner: R, stored: u64) -> Self {
        Self {
            inner,
            left: stored.saturating_mul(MAX_GROWTH).max(ALWAYS),
        }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            let what = format!(
                "it becomes more than {MAX_GROWTH} times as much, and more than {} GiB",
                ALWAYS >> 30
            );
            io::Error::new(io::ErrorKind::InvalidData, what)
        })?;
        Ok(read)
    }
}

/// Reads on until `bytes` are passed or the stream ends, if only because its compression is cut off;
/// returns how many were passed.
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
