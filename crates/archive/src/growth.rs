//! How much a compressed stream may become, so that a few kilobytes can't keep anybody busy for hours.
//!
//! Programs and their libraries shrink to a third, texts to a tenth, files with long runs of zeros to a thousandth: a
//! preallocated file is honest, and a bomb is made of the same zeros. So what is said beforehand counts: a manifest that
//! imgpipe wrote says how long each layer is, and the layer may become just that. Of a stream that nobody has spoken of, a
//! few gigabytes are believed. All that is beyond the usual comes out of one allowance for the image, which whoever
//! writes an archive keeps to as well: nothing is written that would not be read again.

use std::fmt;
use std::io;

use zstd::zstd_safe::get_error_name;

/// How many times its length a stream may become without further words.
const USUAL: u64 = 200;
/// What any stream may become all the same, in bytes: a preallocated file of a gigabyte or two.
const UNSAID: u64 = 2 << 30;
/// What all streams of an image may become beyond the usual, in bytes: a virtual machine's disk, preallocated.
const ALL: u64 = 32 << 30;
/// The largest window of zstd, as a power of two: what each decoder should have (RFC 8878, 3.1.1.1.2), and what levels up
/// to 19 use. A larger one is held in memory whole.
pub(crate) const MAX_WINDOW: u32 = 23;

/// What the streams of an image may still become beyond the usual.
#[derive(Debug, Clone)]
pub(crate) struct Allowance(u64);

impl Default for Allowance {
    fn default() -> Self {
        Self(ALL)
    }
}

impl Allowance {
    /// How many bytes a stream of `stored` bytes may become; `said` is the length that somebody has said before.
    pub(crate) fn most(&self, stored: u64, said: Option<u64>) -> u64 {
        let usual = usual(stored);
        let beyond = said.unwrap_or(0).max(UNSAID);
        usual.max(beyond.min(usual.saturating_add(self.0)))
    }

    /// Counts a stream that became so much. `false` where that was too much.
    pub(crate) fn charge(&mut self, stored: u64, became: u64) -> bool {
        let left = self.0.checked_sub(became.saturating_sub(usual(stored)));
        self.0 = left.unwrap_or(0);
        left.is_some()
    }
}

fn usual(stored: u64) -> u64 {
    stored.saturating_mul(USUAL)
}

/// Why a stream that may be sound is not decompressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Excess {
    /// It becomes more than this many bytes.
    Length(u64),
    /// It needs more memory than there is for it.
    Window,
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(most) => write!(
                f,
                "it expands to more than {most} bytes, too many for its compressed size"
            ),
            Self::Window => write!(
                f,
                "it needs more than {} MiB of memory, as after `zstd --long` or `--ultra`",
                (1 << MAX_WINDOW) >> 20
            ),
        }
    }
}

impl std::error::Error for Excess {}

impl From<Excess> for io::Error {
    fn from(excess: Excess) -> Self {
        Self::new(io::ErrorKind::InvalidData, excess)
    }
}

impl Excess {
    /// What to do with a file that is sound all the same.
    pub(crate) fn remedy(self) -> &'static str {
        match self {
            Self::Length(_) => "if you trust it, decompress it first with `gzip -d` or `zstd -d`",
            Self::Window => "decompress it first with `zstd -d --long=31`",
        }
    }

    /// Which of these an error is, if any.
    pub(crate) fn of(error: &io::Error) -> Option<Self> {
        let inner = error.get_ref()?;
        if let Some(excess) = inner.downcast_ref() {
            return Some(*excess);
        }
        (inner.to_string() == get_error_name(WINDOW_TOO_LARGE)).then_some(Self::Window)
    }
}

/// `ZSTD_error_frameParameter_windowTooLarge` as zstd's functions return it: errors are negative (zstd_errors.h).
const WINDOW_TOO_LARGE: usize = 16_usize.wrapping_neg();

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    #[test]
    fn a_stream_may_become_what_is_usual_or_said() {
        let new = Allowance::default();
        for (stored, said, most) in [
            (100, None, 2 * GIB),
            (100, Some(5), 2 * GIB),
            (100, Some(3 * GIB), 3 * GIB),
            (100, Some(u64::MAX), 32 * GIB + 20_000),
            (GIB, None, 200 * GIB),
            (GIB, Some(u64::MAX), 232 * GIB),
            (u64::MAX, None, u64::MAX),
        ] {
            assert_eq!(new.most(stored, said), most, "{stored} {said:?}");
        }
    }

    #[test]
    fn what_was_written_is_read_in_any_order() {
        let layers = [(1000, 20 * GIB), (3 * GIB, GIB), (7, 12 * GIB)];
        let mut writer = Allowance::default();
        for (stored, became) in layers {
            assert!(writer.charge(stored, became));
        }
        for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0]] {
            let mut reader = Allowance::default();
            for (stored, became) in order.map(|index| layers[index]) {
                assert!(reader.most(stored, Some(became)) >= became);
                assert!(reader.charge(stored, became));
            }
        }
        assert!(!writer.charge(0, GIB));
        // Then only the usual is left.
        assert_eq!(writer.most(10, Some(3 * GIB)), 2000);
    }
}
