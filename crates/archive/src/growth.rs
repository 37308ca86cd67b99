//! Limits the growth of a compressed stream, so that a few kilobytes cannot cost hours.
//!
//! Programs and libraries shrink to a third, texts to a tenth, files with long runs of zeros to a thousandth. A
//! preallocated file is valid, and a bomb consists of the same zeros. So a length that is stated beforehand counts: a
//! manifest of imgpipe states the length of each layer, and the layer may grow to that. A stream without a stated length
//! may grow to a few gigabytes.
//!
//! All growth beyond the usual counts against one allowance for the image. The writer of an archive keeps to the same
//! limit, so it writes no archive that readers would refuse.

use std::fmt;
use std::io;

use zstd::zstd_safe::get_error_name;

/// The usual growth of a stream: this many times its length.
const USUAL: u64 = 200;
/// The size that any stream may reach, in bytes: a preallocated file of a gigabyte or two.
const UNSAID: u64 = 2 << 30;
/// The growth of all streams of an image beyond the usual, in bytes: a preallocated disk of a virtual machine.
const ALL: u64 = 32 << 30;
/// The largest window of zstd, as a power of two. Each decoder should support it (RFC 8878, 3.1.1.1.2), and levels up to
/// 19 use no larger one. A larger window would be held in memory as a whole.
pub(crate) const MAX_WINDOW: u32 = 23;

/// The remaining growth of an image's streams beyond the usual.
#[derive(Debug, Clone)]
pub(crate) struct Allowance(u64);

impl Default for Allowance {
    fn default() -> Self {
        Self(ALL)
    }
}

impl Allowance {
    /// The size that a stream of `stored` bytes may reach; `said` is the stated length.
    pub(crate) fn most(&self, stored: u64, said: Option<u64>) -> u64 {
        let usual = usual(stored);
        let beyond = said.unwrap_or(0).max(UNSAID);
        usual.max(beyond.min(usual.saturating_add(self.0)))
    }

    /// Counts a stream that reached this size. `false` if it exceeds the allowance.
    pub(crate) fn charge(&mut self, stored: u64, became: u64) -> bool {
        let left = self.0.checked_sub(became.saturating_sub(usual(stored)));
        self.0 = left.unwrap_or(0);
        left.is_some()
    }
}

fn usual(stored: u64) -> u64 {
    stored.saturating_mul(USUAL)
}

/// Why a stream is not decompressed, although it may be valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Excess {
    /// It would become longer than this many bytes.
    Length(u64),
    /// It needs a window larger than allowed.
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
    /// The hint for a file that is valid nevertheless.
    pub(crate) fn remedy(self) -> &'static str {
        match self {
            Self::Length(_) => "if you trust it, decompress it first with `gzip -d` or `zstd -d`",
            Self::Window => "decompress it first with `zstd -d --long=31`",
        }
    }

    /// The excess behind an error, if any.
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
        // Then only the usual growth is allowed.
        assert_eq!(writer.most(10, Some(3 * GIB)), 2000);
    }
}
