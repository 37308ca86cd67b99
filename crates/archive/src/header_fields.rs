//! The fields of tar headers and PAX records: numbers, names, checksums.

use tar::Header;

/// The size in a header; `None` where the field holds no number, a negative one, or one beyond 64 bits.
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

/// Octal digits between spaces and NULs (POSIX), or a big-endian number behind a set first bit
/// (GNU's base-256, which has negative numbers too).
fn number(field: &[u8]) -> Option<u64> {
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

/// What a PAX record says of the member after it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Pax {
    pub path: Option<String>,
    pub link: Option<String>,
    pub size: Option<u64>,
}

impl Pax {
    /// Records are `<length> <key>=<value>\n`, the length counting itself.
    pub(crate) fn parse(mut body: &[u8]) -> Option<Self> {
        let mut pax = Self::default();
        while !body.is_empty() {
            let space = body.iter().position(|byte| *byte == b' ')?;
            let length = usize::try_from(decimal(&body[..space])?).ok()?;
            let record = body.get(space + 1..length)?.strip_suffix(b"\n")?;
            let equals = record.iter().position(|byte| *byte == b'=')?;
            let (key, value) = (&record[..equals], &record[equals + 1..]);
            match key {
                b"path" => pax.path = Some(lossy(value)),
                b"linkpath" => pax.link = Some(lossy(value)),
                b"size" => pax.size = Some(decimal(value)?),
                _ => {}
            }
            body = &body[length..];
        }
        Some(pax)
    }
}

/// Digits alone: Rust's own parser takes a sign, which Go's does not.
fn decimal(digits: &[u8]) -> Option<u64> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Bytes up to the first NUL.
pub(crate) fn c_string(bytes: &[u8]) -> String {
    lossy(bytes.split(|byte| *byte == 0).next().unwrap_or_default())
}

/// Names that are not UTF-8 keep their place among the members under a name that shows it.
pub(crate) fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A name without `.` parts, doubled slashes, and slashes at its ends. `..` parts stay: a name
/// with one is never what somebody asks for.
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
