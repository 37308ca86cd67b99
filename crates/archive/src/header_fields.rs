//! The fields of tar headers and PAX records: numbers, names, checksums.

use tar::Header;

use crate::attributes::Time;
use crate::octets::name_text;

/// The size in a header; `None` if the field holds no number, a negative one, or one beyond 64 bits.
pub(crate) fn size_of(header: &Header) -> Option<u64> {
    number(&header.as_old().size)
}

/// Whether a header's checksum is right. It counts its own field as eight spaces.
pub(crate) fn is_intact(header: &Header) -> bool {
    let bytes = header.as_bytes();
    let others = bytes[..148].iter().chain(&bytes[156..]);
    let sum = others.fold(8 * 32, |sum, byte| sum + u64::from(*byte));
    number(&header.as_old().cksum) == Some(sum)
}

/// Octal digits between spaces and NULs (POSIX), or a big-endian number after a set first bit
/// (GNU's base-256, which has negative numbers too).
pub(crate) fn number(field: &[u8]) -> Option<u64> {
    if let Some((first @ 0x80.., rest)) = field.split_first() {
        let bytes = std::iter::once(first & 0x7f).chain(rest.iter().copied());
        return bytes.into_iter().try_fold(0_u64, |number, byte| {
            Some(number.checked_mul(256)? + u64::from(byte))
        });
    }
    let is_blank = |byte: &u8| matches!(byte, b' ' | 0);
    let start = field.iter().position(|byte| !is_blank(byte)).unwrap_or(0);
    let digits = field[start..].split(is_blank).next().unwrap_or_default();
    digits.iter().try_fold(0_u64, |number, byte| match byte {
        b'0'..=b'7' => Some(number.checked_mul(8)? + u64::from(byte - b'0')),
        _ => None,
    })
}

/// Like [`number`], but it may be negative.
pub(crate) fn signed(field: &[u8]) -> Option<i64> {
    if let [0xff, rest @ ..] = field {
        let inverse = rest.iter().try_fold(0_i64, |number, byte| {
            Some(number.checked_mul(256)? + i64::from(!byte))
        });
        return inverse.map(|inverse| -inverse - 1);
    }
    i64::try_from(number(field)?).ok()
}

/// An extended attribute: its name, and its value.
pub(crate) type Xattr = (Vec<u8>, Vec<u8>);

/// The key prefix of an extended attribute's record, before its name: star, GNU tar and engines use it.
pub(crate) const XATTR: &[u8] = b"SCHILY.xattr.";

/// The contents of a PAX record for the next member.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Pax {
    pub path: Option<String>,
    pub link: Option<String>,
    pub size: Option<u64>,
    pub uid: Option<u64>,
    pub gid: Option<u64>,
    pub mtime: Option<Time>,
    pub xattrs: Vec<Xattr>,
    /// Whether the holes of the file were left out (GNU tar's manual, "Storing Sparse Files").
    pub sparse: bool,
    /// The name of a sparse file.
    pub sparse_name: Option<String>,
}

impl Pax {
    /// Records are `<length> <key>=<value>\n`. The length includes its own digits.
    pub(crate) fn parse(mut body: &[u8]) -> Option<Self> {
        let mut pax = Self::default();
        while !body.is_empty() {
            let space = body.iter().position(|byte| *byte == b' ')?;
            let length = usize::try_from(decimal(&body[..space])?).ok()?;
            let record = body.get(space + 1..length)?.strip_suffix(b"\n")?;
            let equals = record.iter().position(|byte| *byte == b'=')?;
            let (key, value) = (&record[..equals], &record[equals + 1..]);
            match key {
                // No system allows a NUL in a name.
                b"path" | b"linkpath" if value.contains(&0) => return None,
                b"path" => pax.path = Some(name_text(value)),
                b"linkpath" => pax.link = Some(name_text(value)),
                b"size" => pax.size = Some(decimal(value)?),
                b"uid" => pax.uid = decimal(value),
                b"gid" => pax.gid = decimal(value),
                b"mtime" => pax.mtime = Time::parse(value),
                key if key.starts_with(b"GNU.sparse.") => {
                    pax.sparse = true;
                    if key.ends_with(b".name") {
                        pax.sparse_name = Some(name_text(value));
                    }
                }
                key => {
                    if let Some(name) = key.strip_prefix(XATTR) {
                        pax.xattrs.push((name.to_vec(), value.to_vec()));
                    }
                }
            }
            body = &body[length..];
        }
        Some(pax)
    }
}

/// Only digits: Rust's own parser accepts a sign, Go's does not.
fn decimal(digits: &[u8]) -> Option<u64> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Bytes up to the first NUL.
pub(crate) fn c_string(bytes: &[u8]) -> String {
    name_text(bytes.split(|byte| *byte == 0).next().unwrap_or_default())
}

/// A name without `.` parts, doubled slashes, and slashes at its ends. `..` parts stay: no lookup asks for a name with
/// one.
pub(crate) fn clean(name: &str) -> String {
    let parts = name
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".");
    let mut out = String::with_capacity(name.len());
    for part in parts {
        if !out.is_empty() {
            out.push('/');
        }
        out.push_str(part);
    }
    out
}
