//! An rpm header in the database's format.
//!
//! Big-endian: the number of index entries, the number of data bytes, then the entries of 16 bytes each (tag, type,
//! offset into the data, number of values), then the data. A string ends with a NUL. (rpm's "Package format" manual,
//! section Header, without the eight bytes of magic that only files have.) Every offset is checked.

/// rpm's numbers of tags (rpmtag.h).
const NAME: u32 = 1000;
const VERSION: u32 = 1001;
const RELEASE: u32 = 1002;
const EPOCH: u32 = 1003;
const ARCH: u32 = 1022;
const PROVIDENAME: u32 = 1047;

/// Types of values (rpmtag.h).
const INT32: u32 = 4;
const STRING: u32 = 6;
const STRING_ARRAY: u32 = 8;
const I18NSTRING: u32 = 9;

/// rpm's own limits of a header (`HEADER_TAGS_MAX`, `HEADER_DATA_MAX` in header.c).
const MAX_ENTRIES: usize = 0xffff;
const MAX_DATA: usize = 0x0fff_ffff;

const ENTRY: usize = 16;

/// The required fields of a header.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header<'a> {
    pub name: &'a str,
    pub epoch: Option<u32>,
    pub version: &'a str,
    pub release: &'a str,
    pub arch: Option<&'a str>,
    pub provides: Vec<&'a str>,
}

impl Header<'_> {
    /// In rpm's format: `epoch:version-release`, the epoch only if there is one.
    pub(super) fn full_version(&self) -> String {
        let (version, release) = (self.version, self.release);
        match self.epoch {
            Some(epoch) => format!("{epoch}:{version}-{release}"),
            None => format!("{version}-{release}"),
        }
    }
}

/// Parses one header. The error is a reason, to be printed after the database's path.
pub(super) fn parse(blob: &[u8]) -> Result<Header<'_>, &'static str> {
    let raw = Raw::new(blob)?;
    Ok(Header {
        name: raw.string(NAME)?.ok_or("a header has no name")?,
        epoch: raw.int32(EPOCH)?,
        version: raw.string(VERSION)?.ok_or("a header has no version")?,
        release: raw.string(RELEASE)?.ok_or("a header has no release")?,
        arch: raw.string(ARCH)?,
        provides: raw.strings(PROVIDENAME)?,
    })
}

struct Raw<'a> {
    entries: &'a [u8],
    data: &'a [u8],
}

struct Entry {
    kind: u32,
    offset: usize,
    count: usize,
}

const TRUNCATED: &str = "a header is truncated";
const OUTSIDE: &str = "a value is outside its header";

impl<'a> Raw<'a> {
    fn new(blob: &'a [u8]) -> Result<Self, &'static str> {
        let entries = word(blob, 0).ok_or(TRUNCATED)? as usize;
        let data = word(blob, 4).ok_or(TRUNCATED)? as usize;
        if entries > MAX_ENTRIES || data > MAX_DATA {
            return Err("a header is larger than rpm allows");
        }
        let body = &blob[8..];
        let index = entries * ENTRY;
        Ok(Self {
            entries: body.get(..index).ok_or(TRUNCATED)?,
            data: body.get(index..index + data).ok_or(TRUNCATED)?,
        })
    }

    fn find(&self, tag: u32) -> Option<Entry> {
        let entry = self
            .entries
            .chunks_exact(ENTRY)
            .find(|entry| word(entry, 0) == Some(tag))?;
        Some(Entry {
            kind: word(entry, 4)?,
            offset: word(entry, 8)? as usize,
            count: word(entry, 12)? as usize,
        })
    }

    fn string(&self, tag: u32) -> Result<Option<&'a str>, &'static str> {
        match self.find(tag) {
            None => Ok(None),
            // The first value of an i18n string is the untranslated one.
            Some(entry) if entry.kind == STRING || entry.kind == I18NSTRING => {
                let (text, _) = self.text_at(entry.offset)?;
                Ok(Some(text))
            }
            Some(_) => Err("a value has the wrong type for its tag"),
        }
    }

    fn strings(&self, tag: u32) -> Result<Vec<&'a str>, &'static str> {
        let Some(entry) = self.find(tag).filter(|entry| entry.kind == STRING_ARRAY) else {
            return Ok(Vec::new());
        };
        let mut offset = entry.offset;
        let mut out = Vec::new();
        // Every string takes at least a byte, so a false count ends with the data.
        for _ in 0..entry.count {
            let (text, next) = self.text_at(offset)?;
            out.push(text);
            offset = next;
        }
        Ok(out)
    }

    fn int32(&self, tag: u32) -> Result<Option<u32>, &'static str> {
        match self.find(tag).filter(|entry| entry.kind == INT32) {
            None => Ok(None),
            Some(entry) => word(self.data, entry.offset).map(Some).ok_or(OUTSIDE),
        }
    }

    /// The string at an offset, and the offset after its NUL.
    fn text_at(&self, offset: usize) -> Result<(&'a str, usize), &'static str> {
        let rest = self.data.get(offset..).ok_or(OUTSIDE)?;
        let end = rest.iter().position(|byte| *byte == 0).ok_or(OUTSIDE)?;
        let text = std::str::from_utf8(&rest[..end]).map_err(|_| "a name is not UTF-8")?;
        Ok((text, offset + end + 1))
    }
}

fn word(bytes: &[u8], offset: usize) -> Option<u32> {
    let end = offset.checked_add(4)?;
    let word: [u8; 4] = bytes.get(offset..end)?.try_into().ok()?;
    Some(u32::from_be_bytes(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn blob(values: &[(u32, u32, u32, &[u8])]) -> Vec<u8> {
        let mut index = Vec::new();
        let mut data: Vec<u8> = Vec::new();
        for (tag, kind, count, bytes) in values {
            for word in [*tag, *kind, data.len() as u32, *count] {
                index.extend(word.to_be_bytes());
            }
            data.extend_from_slice(bytes);
        }
        let mut out = (values.len() as u32).to_be_bytes().to_vec();
        out.extend((data.len() as u32).to_be_bytes());
        out.extend(index);
        out.extend(data);
        out
    }

    const GCC: [(u32, u32, u32, &[u8]); 6] = [
        (NAME, STRING, 1, b"gcc\0"),
        (VERSION, STRING, 1, b"13.3.1\0"),
        (RELEASE, STRING, 1, b"3.fc39\0"),
        (EPOCH, INT32, 1, &[0, 0, 0, 2]),
        (ARCH, STRING, 1, b"x86_64\0"),
        (PROVIDENAME, STRING_ARRAY, 2, b"gcc\0gcc(x86-64)\0"),
    ];

    #[test]
    fn reads_the_tags() {
        let blob = blob(&GCC);
        let header = parse(&blob).expect("header");
        assert_eq!((header.name, header.arch), ("gcc", Some("x86_64")));
        assert_eq!(header.full_version(), "2:13.3.1-3.fc39");
        assert_eq!(header.provides, ["gcc", "gcc(x86-64)"]);
    }

    #[test]
    fn refuses_what_points_outside() {
        assert_eq!(parse(&[]), Err(TRUNCATED));
        assert_eq!(parse(&[0xff; 8]), Err("a header is larger than rpm allows"));
        assert_eq!(parse(&[0, 0, 0, 1, 0, 0, 0, 0]), Err(TRUNCATED));
        assert_eq!(parse(&blob(&GCC[1..])), Err("a header has no name"));
        assert_eq!(parse(&blob(&[(NAME, STRING, 1, b"gcc")])), Err(OUTSIDE));
        assert!(parse(&blob(&[(NAME, INT32, 1, b"gcc\0")])).is_err());
        let mut far = blob(&GCC);
        far[8 + 8..8 + 12].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_eq!(parse(&far), Err(OUTSIDE));
        let mut many = GCC;
        many[5].2 = u32::MAX;
        assert_eq!(parse(&blob(&many)), Err(OUTSIDE));
    }

    proptest! {
        #[test]
        fn no_change_of_a_byte_panics(at in 0usize..200, byte: u8, cut in 0usize..200) {
            let mut bytes = blob(&GCC);
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            bytes.truncate(bytes.len().saturating_sub(cut));
            let _ = parse(&bytes);
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = parse(&bytes);
        }
    }
}
