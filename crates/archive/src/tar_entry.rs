//! Writes a tar entry for any file: a POSIX header, after a PAX record for the values that do not fit into it
//! (POSIX.1-2017, pax, "pax Interchange Format").

use std::io::{self, Write};

use tar::{EntryType, Header};

use crate::attributes::{Attributes, Device, MAX_SHORT};
use crate::header_fields::{XATTR, Xattr};
use crate::writer::pad;

/// The largest name or link target that fits into a header, in bytes.
const MAX_NAME: usize = 100;
/// The largest size or time that fits into a header's twelve bytes.
const MAX_LONG: u64 = 0o77_777_777_777;
/// The name of a PAX record's own entry. Readers ignore it.
const RECORD_NAME: &str = "PaxHeader";

/// A file to write, without its bytes.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub name: &'a [u8],
    pub what: What<'a>,
    pub attributes: &'a Attributes,
    pub xattrs: &'a [Xattr],
}

/// The kind of an entry.
#[derive(Debug, Clone, Copy)]
pub(crate) enum What<'a> {
    /// A regular file, followed by this many bytes.
    File(u64),
    Directory,
    SymLink(&'a [u8]),
    /// A hard link to an earlier entry.
    HardLink(&'a [u8]),
    Char(Device),
    Block(Device),
    Fifo,
}

impl What<'_> {
    fn kind(self) -> EntryType {
        match self {
            Self::File(_) => EntryType::Regular,
            Self::Directory => EntryType::Directory,
            Self::SymLink(_) => EntryType::Symlink,
            Self::HardLink(_) => EntryType::Link,
            Self::Char(_) => EntryType::Char,
            Self::Block(_) => EntryType::Block,
            Self::Fifo => EntryType::Fifo,
        }
    }
}

impl Entry<'_> {
    /// Writes the headers.
    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let records = self.records();
        if !records.is_empty() {
            let mut header = Header::new_ustar();
            set_name(&mut header.as_old_mut().name, RECORD_NAME.as_bytes());
            header.set_entry_type(EntryType::XHeader);
            header.set_mode(0o644);
            header.set_uid(0);
            header.set_gid(0);
            header.set_mtime(0);
            header.set_size(records.len() as u64);
            header.set_cksum();
            out.write_all(header.as_bytes())?;
            out.write_all(&records)?;
            pad(out, records.len() as u64)?;
        }
        out.write_all(self.header()?.as_bytes())
    }

    /// The header, with all values that fit.
    fn header(&self) -> io::Result<Header> {
        let mut header = Header::new_ustar();
        set_name(&mut header.as_old_mut().name, self.name);
        header.set_entry_type(self.what.kind());
        header.set_mode(self.attributes.mode);
        header.set_uid(fitting(self.attributes.uid, MAX_SHORT));
        header.set_gid(fitting(self.attributes.gid, MAX_SHORT));
        let seconds = u64::try_from(self.attributes.mtime.seconds).unwrap_or_default();
        header.set_mtime(fitting(seconds, MAX_LONG));
        header.set_size(0);
        match self.what {
            What::File(size) => header.set_size(fitting(size, MAX_LONG)),
            What::SymLink(target) | What::HardLink(target) => {
                set_name(&mut header.as_old_mut().linkname, target);
            }
            What::Char(device) | What::Block(device) => {
                header.set_device_major(device.major)?;
                header.set_device_minor(device.minor)?;
            }
            What::Directory | What::Fifo => {}
        }
        header.set_cksum();
        Ok(header)
    }

    /// The PAX records for the values that do not fit into the header.
    fn records(&self) -> Vec<u8> {
        let mut records = Vec::new();
        let Attributes {
            uid, gid, mtime, ..
        } = *self.attributes;
        if self.name.len() > MAX_NAME {
            record(&mut records, b"path", self.name);
        }
        if let What::SymLink(target) | What::HardLink(target) = self.what
            && target.len() > MAX_NAME
        {
            record(&mut records, b"linkpath", target);
        }
        if let What::File(size) = self.what
            && size > MAX_LONG
        {
            record(&mut records, b"size", size.to_string().as_bytes());
        }
        for (key, number) in [(b"uid", uid), (b"gid", gid)] {
            if number > MAX_SHORT {
                record(&mut records, key, number.to_string().as_bytes());
            }
        }
        let fits = u64::try_from(mtime.seconds).is_ok_and(|seconds| seconds <= MAX_LONG);
        if mtime.nanos != 0 || !fits {
            record(&mut records, b"mtime", mtime.decimal().as_bytes());
        }
        for (name, value) in self.xattrs {
            record(&mut records, &[XATTR, name].concat(), value);
        }
        records
    }
}

/// The value of a field: 0 if it is too small, since the record before has the value.
fn fitting(number: u64, most: u64) -> u64 {
    Some(number)
        .filter(|number| *number <= most)
        .unwrap_or_default()
}

fn set_name(field: &mut [u8; MAX_NAME], name: &[u8]) {
    let most = name.len().min(MAX_NAME);
    field[..most].copy_from_slice(&name[..most]);
}

/// Adds `<length> <key>=<value>\n`. The length includes its own digits.
fn record(records: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    let rest = key.len() + value.len() + " =\n".len();
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    records.extend(length.to_string().into_bytes());
    records.push(b' ');
    records.extend_from_slice(key);
    records.push(b'=');
    records.extend_from_slice(value);
    records.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attributes::Time;
    use crate::headers::Headers;
    use crate::member::{Kind, Member};
    use crate::octets::name_bytes;

    fn written(entry: &Entry) -> Member {
        let mut bytes = Vec::new();
        entry.write(&mut bytes).expect("writes");
        assert_eq!(bytes.len() % 512, 0);
        let mut headers = Headers::new(bytes.as_slice());
        let member = headers.next_member();
        member.expect("a tar").expect("a member")
    }

    #[test]
    fn what_is_written_is_read_again() {
        let long = vec![b'x'; 300];
        let names: [&[u8]; 5] = [b"a", &long[..100], &long[..101], &long, b"d/\xff\xfe"];
        let times = [(0, 0), (1_700_000_000, 7), (-5, 500_000_000), (1 << 40, 0)];
        let device = Device {
            major: 1,
            minor: 300,
        };
        for (name, (seconds, nanos)) in names.into_iter().zip(times.into_iter().cycle()) {
            let whats = [
                What::File(5),
                What::File(1 << 40),
                What::Directory,
                What::SymLink(name),
                What::HardLink(name),
                What::Char(device),
                What::Block(device),
                What::Fifo,
            ];
            for (number, what) in (0_u64..).zip(whats) {
                let attributes = Attributes {
                    mode: 0o4755,
                    uid: number << 20,
                    gid: number << 40,
                    mtime: Time { seconds, nanos },
                };
                let xattrs = [(b"user.x".to_vec(), b"a\0\n=".to_vec())];
                let xattrs = if number % 2 == 0 { &xattrs[..] } else { &[] };
                let member = written(&Entry {
                    name,
                    what,
                    attributes: &attributes,
                    xattrs,
                });
                assert_eq!(&*name_bytes(&member.name), name);
                assert_eq!(member.attributes, attributes, "{what:?}");
                assert_eq!(member.xattrs, xattrs);
                let size = if let What::File(size) = what { size } else { 0 };
                assert_eq!(member.size, size);
                if let Kind::SymLink(target) | Kind::HardLink(target) = &member.kind {
                    assert_eq!(&*name_bytes(target), name);
                }
            }
        }
    }

    #[test]
    fn records_count_their_own_digits() {
        for length in [0, 1, 85, 86, 87, 88, 980, 981, 982, 983, 984, 70_000] {
            let mut records = Vec::new();
            record(&mut records, b"key", &vec![b'v'; length]);
            let said: String = String::from_utf8_lossy(&records)
                .chars()
                .take_while(char::is_ascii_digit)
                .collect();
            assert_eq!(said, records.len().to_string(), "{length}");
        }
    }
}
