//! Compressing layers.

use std::fmt;
use std::io::{self, Write};
use std::num::NonZero;
use std::str::FromStr;
use std::thread::available_parallelism;

use flate2::write::GzEncoder;
use thiserror::Error;
use zstd::zstd_safe::CParameter;

use crate::decode::Compression;

/// The levels of zstd that work with the reader's default window (zstd's manual, `ZSTD_maxCLevel`).
const ZSTD_LEVELS: std::ops::RangeInclusive<i32> = 1..=19;
/// The default level of the `zstd` command.
const ZSTD_DEFAULT: i32 = 3;
/// The bytes that a thread compresses at a time. By default, zstd takes four times its window and holds several of them
/// for each thread: a hundred megabytes in total.
const JOB: u32 = 2 << 20;
/// The largest number of compressing threads: each takes some megabytes.
const MAX_WORKERS: usize = 8;

/// How to compress the layers of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compress {
    /// No compression.
    #[default]
    None,
    /// gzip, at its usual level (6).
    Gzip,
    /// Zstandard at this level.
    Zstd(i32),
}

/// An unknown compression.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not a compression: use zstd, zstd:1 to zstd:19, gzip or none")]
pub struct NoCompression {
    text: String,
}

impl FromStr for Compress {
    type Err = NoCompression;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let level = |level: &str| {
            level
                .parse()
                .ok()
                .filter(|level| ZSTD_LEVELS.contains(level))
        };
        let found = match text.split_once(':') {
            None if text == "none" => Some(Self::None),
            None if text == "gzip" => Some(Self::Gzip),
            None if text == "zstd" => Some(Self::Zstd(ZSTD_DEFAULT)),
            Some(("zstd", number)) => level(number).map(Self::Zstd),
            _ => None,
        };
        found.ok_or_else(|| NoCompression {
            text: text.to_owned(),
        })
    }
}

impl fmt::Display for Compress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Gzip => f.write_str("gzip"),
            Self::Zstd(level) => write!(f, "zstd:{level}"),
        }
    }
}

impl From<Compression> for Compress {
    /// The compression that a layer has. The bytes do not show the level of zstd.
    fn from(found: Compression) -> Self {
        match found {
            Compression::None => Self::None,
            Compression::Gzip => Self::Gzip,
            Compression::Zstd => Self::Zstd(ZSTD_DEFAULT),
        }
    }
}

impl Compress {
    /// The compression that readers will find.
    pub(crate) fn compression(self) -> Compression {
        match self {
            Self::None => Compression::None,
            Self::Gzip => Compression::Gzip,
            Self::Zstd(_) => Compression::Zstd,
        }
    }

    /// Whether layers with this compression match the requested one. The bytes do not show a level.
    pub fn is_of(self, found: Compression) -> bool {
        self.compression() == found
    }

    /// A writer that compresses into `out`. The same bytes give the same output, for any number of processors.
    pub(crate) fn encoder<'a, W: Write>(self, out: W) -> io::Result<Encoder<'a, W>> {
        Ok(match self {
            Self::None => Encoder::None(out),
            Self::Gzip => Encoder::Gzip(GzEncoder::new(out, flate2::Compression::new(6))),
            Self::Zstd(level) => {
                let mut encoder = zstd::Encoder::new(out, level)?;
                encoder.include_checksum(true)?;
                // One thread gives other bytes than several. Any number of several threads gives the same bytes.
                let workers = available_parallelism().map_or(1, NonZero::get);
                encoder.multithread(u32::try_from(workers.min(MAX_WORKERS)).unwrap_or(1))?;
                encoder.set_parameter(CParameter::JobSize(JOB))?;
                Encoder::Zstd(encoder)
            }
        })
    }
}

/// A writer that compresses.
pub(crate) enum Encoder<'a, W: Write> {
    None(W),
    Gzip(GzEncoder<W>),
    Zstd(zstd::Encoder<'a, W>),
}

impl<W: Write> Encoder<'_, W> {
    /// Writes the rest, and returns the inner writer.
    pub(crate) fn finish(self) -> io::Result<W> {
        match self {
            Self::None(out) => Ok(out),
            Self::Gzip(encoder) => encoder.finish(),
            Self::Zstd(encoder) => encoder.finish(),
        }
    }
}

impl<W: Write> Write for Encoder<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::None(out) => out.write(bytes),
            Self::Gzip(encoder) => encoder.write(bytes),
            Self::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::None(out) => out.flush(),
            Self::Gzip(encoder) => encoder.flush(),
            Self::Zstd(encoder) => encoder.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compressions_have_names() {
        for (text, expected) in [
            ("none", Some(Compress::None)),
            ("gzip", Some(Compress::Gzip)),
            ("zstd", Some(Compress::Zstd(3))),
            ("zstd:1", Some(Compress::Zstd(1))),
            ("zstd:19", Some(Compress::Zstd(19))),
            ("zstd:0", None),
            ("zstd:20", None),
            ("zstd:-5", None),
            ("zstd:", None),
            ("gzip:6", None),
            ("xz", None),
            ("", None),
        ] {
            let found = text.parse::<Compress>();
            assert_eq!(found.clone().ok(), expected, "{text}");
            if let Ok(found) = found {
                assert_eq!(found.to_string().parse(), Ok(found), "{text}");
            }
        }
    }
}
