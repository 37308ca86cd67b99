//! Lists the members of a tar, header by header.
//!
//! A tar is a sequence of 512-byte blocks: a header, then the member's bytes padded to a block, until a block of zeros
//! or the end of the stream (POSIX.1-2017, pax, "ustar Interchange Format"). Long names come as separate members before
//! the one they belong to: GNU's `L` and `K`, or PAX records (`x`). A PAX record may also carry the size. Sparse GNU
//! members (`S`) may have further header blocks.
//!
//! The iterator of the `tar` crate is not used: it holds names of any length in memory, and reads only the low eight
//! bytes of a size that has twelve. Here no size is trusted. Memory is bounded, and a read past the end of the stream
//! is a truncated member.

use std::io::{self, Read};

use tar::{EntryType, Header};

use crate::attributes::Attributes;
use crate::header_fields::{Pax, c_string, clean, is_intact, size_of};
use crate::member::{Kind, Member, Pass, TarError};
use crate::octets::name_text;

/// The size of a tar's blocks.
pub(crate) const BLOCK: u64 = 512;

/// The longest body of a PAX record, in bytes. It also holds extended attributes of files, which may have 64 KiB each
/// on Linux.
const MAX_EXTENSION: u64 = 1 << 20;

/// The longest name of a member, in bytes, and the longest target of a link: Linux's `PATH_MAX`.
const MAX_NAME: usize = 4096;

/// The largest number of records before one member: long names, PAX, and records about a whole tar.
const MAX_RECORDS: usize = 16;

/// The largest number of members of a tar. The largest images have some hundred thousand files.
const MAX_MEMBERS: usize = 1_000_000;

/// The largest number of bytes of all names in a tar, because lists of members hold them in memory. A few kilobytes of
/// gzip can hold gigabytes of long names.
const MAX_NAMES: usize = 96 << 20;

/// Lists members one by one. After each, the reader is at the member's first byte. Bytes that are not read with
/// [`Headers::body`] are skipped.
pub(crate) struct Headers<R> {
    reader: R,
    position: u64,
    /// The offset of the last header.
    at: u64,
    /// The offset of the next header.
    next: u64,
    last: String,
    count: usize,
    /// The bytes of all names so far.
    names: usize,
    done: bool,
    marked: bool,
}

impl<R: Pass> Headers<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self {
            reader,
            position: 0,
            at: 0,
            next: 0,
            last: String::new(),
            count: 0,
            names: 0,
            done: false,
            marked: false,
        }
    }

    /// The next member, or `None` at the end of the tar.
    pub(crate) fn next_member(&mut self) -> Result<Option<Member>, TarError> {
        let mut long_name = None;
        let mut long_link = None;
        let mut pax = Pax::default();
        let mut records = 0;
        while !self.done {
            let Some(header) = self.header()? else { break };
            let kind = header.entry_type();
            let size = size_of(&header)
                .ok_or_else(|| self.malformed("its size is not a number of bytes"))?;
            if matches!(
                kind,
                EntryType::GNULongName
                    | EntryType::GNULongLink
                    | EntryType::XHeader
                    | EntryType::XGlobalHeader
            ) {
                records += 1;
                if records > MAX_RECORDS {
                    return Err(self.malformed("too many records before a member"));
                }
                let body = self.extension(size)?;
                match kind {
                    EntryType::GNULongName => long_name = Some(c_string(&body)),
                    EntryType::GNULongLink => long_link = Some(c_string(&body)),
                    EntryType::XHeader => {
                        let parsed = Pax::parse(&body);
                        pax = parsed.ok_or_else(|| self.malformed("invalid PAX record"))?;
                    }
                    _ => {}
                }
                continue;
            }
            if kind.is_gnu_sparse() {
                self.sparse_headers(&header)?;
            }
            let name = pax.sparse_name.take().or(pax.path.take()).or(long_name);
            let name = name.unwrap_or_else(|| name_text(&header.path_bytes()));
            let link = pax.link.take().or(long_link);
            let link = link.or_else(|| header.link_name_bytes().map(|link| name_text(&link)));
            return self
                .member(&header, &name, link.unwrap_or_default(), pax, size)
                .map(Some);
        }
        self.done = true;
        Ok(None)
    }

    /// The unread bytes of the last listed member.
    pub(crate) fn body(&mut self, member: &Member) -> Body<'_, R> {
        let left = (member.offset + member.size).saturating_sub(self.position);
        Body {
            headers: self,
            left,
        }
    }

    /// The next bytes of the last listed member: `most` of them, or all that are left.
    pub(crate) fn start(&mut self, member: &Member, most: u64) -> Result<Vec<u8>, TarError> {
        let mut bytes = Vec::new();
        let read = self.body(member).take(most).read_to_end(&mut bytes);
        match read {
            Ok(_) => Ok(bytes),
            Err(error) => Err(self.body_error(member, error)),
        }
    }

    /// The error behind an I/O error of a member's [`Body`].
    pub(crate) fn body_error(&self, member: &Member, error: io::Error) -> TarError {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            TarError::Truncated {
                name: member.name.clone(),
                missing: (member.offset + member.size).saturating_sub(self.position),
            }
        } else {
            TarError::Read(error)
        }
    }

    /// Whether the tar ended with a block of zeros.
    pub(crate) fn has_end_marker(&self) -> bool {
        self.marked
    }

    /// The stream after the tar's end.
    pub(crate) fn into_inner(self) -> R {
        self.reader
    }

    fn member(
        &mut self,
        header: &Header,
        name: &str,
        link: String,
        pax: Pax,
        size: u64,
    ) -> Result<Member, TarError> {
        self.count += 1;
        self.names += name.len() + link.len();
        if self.count > MAX_MEMBERS || self.names > MAX_NAMES {
            return Err(self.malformed("the tar has too many members for an image"));
        }
        if name.len() > MAX_NAME || link.len() > MAX_NAME {
            return Err(self.malformed("its name is too long for a path"));
        }
        let attributes = Attributes::of(header, &pax);
        let size = pax.size.unwrap_or(size);
        let (kind, size) = Kind::of(header, name, link, pax.sparse, size);
        let offset = self.position;
        self.next = size
            .checked_next_multiple_of(BLOCK)
            .and_then(|padded| padded.checked_add(offset))
            .ok_or_else(|| self.malformed("its size is too large for a file"))?;
        self.last = clean(name);
        Ok(Member {
            name: self.last.clone(),
            kind,
            size,
            offset,
            attributes,
            xattrs: pax.xattrs,
        })
    }

    /// Reads the next header, and skips the rest of the last member. `None` at the end.
    fn header(&mut self) -> Result<Option<Header>, TarError> {
        let ahead = self.next - self.position;
        let passed = self.reader.pass(ahead)?;
        self.position += passed;
        if passed < ahead {
            return Err(TarError::Truncated {
                name: self.last.clone(),
                missing: ahead - passed,
            });
        }
        self.at = self.position;
        let mut header = Header::new_old();
        match self.fill(header.as_mut_bytes())? {
            0 => return Ok(None),
            read if read < BLOCK => {
                return Err(TarError::Truncated {
                    name: self.last.clone(),
                    missing: BLOCK - read,
                });
            }
            _ => {}
        }
        self.next = self.position;
        let bytes = header.as_bytes();
        if bytes.iter().all(|byte| *byte == 0) {
            self.marked = true;
            return Ok(None);
        }
        if !is_intact(&header) {
            return Err(self.malformed("its checksum is wrong"));
        }
        Ok(Some(header))
    }

    fn extension(&mut self, size: u64) -> Result<Vec<u8>, TarError> {
        if size > MAX_EXTENSION {
            return Err(self.malformed("its name or PAX record is too long"));
        }
        let mut body = vec![0; usize::try_from(size).unwrap_or_default()];
        let read = self.fill(&mut body)?;
        if read < size {
            return Err(TarError::Truncated {
                name: self.last.clone(),
                missing: size - read,
            });
        }
        self.next = self.position.next_multiple_of(BLOCK);
        Ok(body)
    }

    fn sparse_headers(&mut self, header: &Header) -> Result<(), TarError> {
        let mut extended = header.as_gnu().is_some_and(tar::GnuHeader::is_extended);
        while extended {
            let mut block = [0; BLOCK as usize];
            let read = self.fill(&mut block)?;
            if read < BLOCK {
                return Err(TarError::Truncated {
                    name: self.last.clone(),
                    missing: BLOCK - read,
                });
            }
            // `isextended` of struct sparse_header, GNU tar's tar.h.
            extended = block[504] != 0;
        }
        Ok(())
    }

    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<u64> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.reader.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.position += filled as u64;
        Ok(filled as u64)
    }

    fn malformed(&self, why: &'static str) -> TarError {
        TarError::Malformed {
            offset: self.at,
            why,
        }
    }
}

/// The rest of a member's bytes.
pub(crate) struct Body<'a, R> {
    headers: &'a mut Headers<R>,
    left: u64,
}

impl<R: Pass> Read for Body<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let read = self.headers.reader.read(&mut buffer[..most])?;
        if read == 0 && most > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.headers.position += read as u64;
        self.left -= read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
