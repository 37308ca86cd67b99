//! The attributes of a file, besides its name and its bytes.

use std::sync::Arc;

use tar::Header;

use crate::header_fields::{Pax, number, signed};

/// The largest device or owner number that fits in a header's field.
pub(crate) const MAX_SHORT: u64 = 0o7_777_777;

/// Permissions, owner and time of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attributes {
    /// The twelve bits of permissions.
    pub mode: u32,
    /// The owner's number.
    pub uid: u64,
    /// The group's number.
    pub gid: u64,
    /// The time of the last change of its bytes.
    pub mtime: Time,
}

/// A time, counted from the start of 1970, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Time {
    /// Whole seconds, rounded down.
    pub seconds: i64,
    /// Additional nanoseconds.
    pub nanos: u32,
}

/// The kind of a file in an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileKind {
    /// A folder.
    Directory,
    /// A symbolic link and its target, which is shared with its hard links.
    SymLink(Arc<str>),
    /// A regular file.
    File {
        /// Its length in bytes.
        size: u64,
    },
    /// Any other kind.
    Special(Special),
}

/// A file without readable bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Special {
    /// A character device.
    Char(Device),
    /// A block device.
    Block(Device),
    /// A named pipe.
    Fifo,
    /// A sparse file, whose holes a tar left out. Its bytes are in the tar, but are not reassembled.
    Sparse,
    /// A kind that no engine unpacks, or a hard link to a missing file.
    Unknown,
}

/// The numbers of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device {
    /// The driver.
    pub major: u32,
    /// The device of the driver.
    pub minor: u32,
}

impl Attributes {
    /// The attributes of a folder that no layer lists, as engines create it.
    pub(crate) const IMPLIED: Self = Self {
        mode: 0o755,
        uid: 0,
        gid: 0,
        mtime: Time {
            seconds: 0,
            nanos: 0,
        },
    };

    /// An invalid number counts as 0: the file may never be used, so it is no reason to fail.
    pub(crate) fn of(header: &Header, pax: &Pax) -> Self {
        let old = header.as_old();
        let short = |field: &[u8]| number(field).unwrap_or_default();
        Self {
            mode: u32::try_from(short(&old.mode) & 0o7777).unwrap_or_default(),
            uid: pax.uid.unwrap_or_else(|| short(&old.uid)),
            gid: pax.gid.unwrap_or_else(|| short(&old.gid)),
            mtime: pax.mtime.unwrap_or_else(|| Time {
                seconds: signed(&old.mtime).unwrap_or_default(),
                nanos: 0,
            }),
        }
    }
}

impl Device {
    /// The numbers in a header. POSIX and GNU headers have them at the same offset.
    pub(crate) fn of(header: &Header) -> Option<Self> {
        let field = |range| number(header.as_bytes().get::<std::ops::Range<usize>>(range)?);
        let short = |number: u64| {
            let number = Some(number).filter(|number| *number <= MAX_SHORT)?;
            u32::try_from(number).ok()
        };
        Some(Self {
            major: short(field(329..337)?)?,
            minor: short(field(337..345)?)?,
        })
    }
}

impl Time {
    /// `1700000000`, `1700000000.5`, `-1.25`: a PAX record's decimal (POSIX.1-2017, pax, "mtime"). Digits
    /// beyond nanoseconds are dropped.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) {
            return None;
        }
        let whole: i64 = whole.parse().ok()?;
        let fraction: String = fraction
            .chars()
            .chain("000000000".chars())
            .take(9)
            .collect();
        let nanos: u32 = fraction.parse().ok()?;
        Some(match (negative, nanos) {
            (false, nanos) => Self {
                seconds: whole,
                nanos,
            },
            (true, 0) => Self {
                seconds: -whole,
                nanos: 0,
            },
            (true, nanos) => Self {
                seconds: -whole - 1,
                nanos: 1_000_000_000 - nanos,
            },
        })
    }

    /// The inverse of [`Self::parse`].
    pub(crate) fn decimal(self) -> String {
        let (sign, seconds, nanos) = match (self.seconds, self.nanos) {
            (seconds @ ..0, 1..) => ("-", -(seconds + 1), 1_000_000_000 - self.nanos),
            (seconds @ ..0, 0) => return seconds.to_string(),
            (seconds, nanos) => ("", seconds, nanos),
        };
        if nanos == 0 {
            return format!("{sign}{seconds}");
        }
        let text = format!("{sign}{seconds}.{nanos:09}");
        text.trim_end_matches('0').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_decimals() {
        for (text, seconds, nanos) in [
            ("0", 0, 0),
            ("1700000000", 1_700_000_000, 0),
            ("1700000000.5", 1_700_000_000, 500_000_000),
            ("1.000000001", 1, 1),
            ("-1", -1, 0),
            ("-1.25", -2, 750_000_000),
            ("-0.5", -1, 500_000_000),
        ] {
            let time = Time { seconds, nanos };
            assert_eq!(Time::parse(text.as_bytes()), Some(time), "{text}");
            assert_eq!(time.decimal(), text);
        }
        let long = Time::parse(b"1.1234567899").expect("a time");
        assert_eq!(long.nanos, 123_456_789);
        for wrong in ["", "-", ".5", "1e3", "+1", "1.x", "99999999999999999999"] {
            assert_eq!(Time::parse(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
