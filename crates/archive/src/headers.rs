//! The members of a tar, header by header.
//!
//! A tar is a sequence of 512-byte blocks: a header, then the member's bytes padded to a block,
//! until a block of zeros or the end of the stream (POSIX.1-2017, pax, "ustar Interchange Format").
//! Long names come as members of their own before the one they belong to: GNU's `L` and `K`, or
//! PAX records (`x`). A PAX record may also carry the size. Sparse GNU members (`S`) may have
//! further header blocks.
//!
//! Nothing here trusts a size: bodies that must be held in memory are bounded, and whoever reads
//! on past the end of the stream finds a truncated member.

use std::io::{self, Read};

use tar::{EntryType, Header};

/// The size of a tar's blocks.
pub(crate) const BLOCK: u64 = 512;

/// The longest body of a name or a PAX record, in bytes. Paths end at 4,096.
const MAX_EXTENSION: u64 = 1 << 20;

/// How many members a tar may have. The largest images have some hundred thousand files.
const MAX_MEMBERS: usize = 2_000_000;

/// What a member is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Directory,
    HardLink(String),
    SymLink(String),
    /// A device, a FIFO, a sparse file: there, and never read.
    Other,
}

/// A member of a tar. Its name is without a leading `./` or `/` and without a trailing slash.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub name: String,
    pub kind: Kind,
    /// The length of its bytes in the tar.
    pub size: u64,
    /// Where its bytes begin, counted from the start of the tar.
    pub offset: u64,
}

/// Why the members can't be listed further.
#[derive(Debug)]
pub(crate) enum TarError {
    Read(io::Error),
    /// The stream ends inside this member, so many bytes early.
    Truncated {
        name: String,
        missing: u64,
    },
    /// The header at this offset is none.
    Malformed {
        offset: u64,
        why: &'static str,
    },
}

impl From<io::Error> for TarError {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

/// A stream that can pass over bytes without handing them out.
pub(crate) trait Pass: Read {
    /// Passes over `bytes`; returns how many there were.
    fn pass(&mut self, bytes: u64) -> io::Result<u64>;
}

/// Lists members one after the other. After each, the reader stands at the member's first byte;
/// what is not read of it with [`Headers::body`] is passed over.
pub(crate) struct Headers<R> {
    reader: R,
    position: u64,
    /// Where the next header is.
    next: u64,
    last: String,
    count: usize,
    done: bool,
    marked: bool,
}

impl<R: Pass> Headers<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self {
            reader,
            position: 0,
            next: 0,
            last: String::new(),
            count: 0,
            done: false,
            marked: false,
        }
    }

    /// The next member, or `None` at the end of the tar.
    pub(crate) fn next_member(&mut self) -> Result<Option<Member>, TarError> {
        let mut long_name = None;
        let mut long_link = None;
        let mut pax = Pax::default();
        while !self.done {
            let Some(header) = self.header()? else { break };
            let kind = header.entry_type();
            let size = header
                .entry_size()
                .map_err(|_| self.malformed("its size is no number"))?;
            if matches!(
                kind,
                EntryType::GNULongName
                    | EntryType::GNULongLink
                    | EntryType::XHeader
                    | EntryType::XGlobalHeader
            ) {
                let body = self.extension(size)?;
                match kind {
                    EntryType::GNULongName => long_name = Some(c_string(&body)),
                    EntryType::GNULongLink => long_link = Some(c_string(&body)),
                    EntryType::XHeader => {
                        let parsed = Pax::parse(&body);
                        pax = parsed.ok_or_else(|| self.malformed("its PAX record is none"))?;
                    }
                    _ => {}
                }
                continue;
            }
            if kind.is_gnu_sparse() {
                self.sparse_headers(&header)?;
            }
            let size = pax.size.unwrap_or(size);
            let name = pax
                .path
                .or(long_name)
                .unwrap_or_else(|| lossy(&header.path_bytes()));
            let link = pax
                .link
                .or(long_link)
                .or_else(|| header.link_name_bytes().map(|link| lossy(&link)))
                .unwrap_or_default();
            return self.member(kind, &name, link, size).map(Some);
        }
        self.done = true;
        Ok(None)
    }

    /// The bytes of the member that was listed last, from where reading stands.
    pub(crate) fn body(&mut self, member: &Member) -> Body<'_, R> {
        let left = (member.offset + member.size).saturating_sub(self.position);
        Body {
            headers: self,
            left,
        }
    }

    /// Whether the block of zeros that ends a tar was there.
    pub(crate) fn has_end_marker(&self) -> bool {
        self.marked
    }

    /// The stream behind the tar's end.
    pub(crate) fn into_inner(self) -> R {
        self.reader
    }

    fn member(
        &mut self,
        kind: EntryType,
        name: &str,
        link: String,
        size: u64,
    ) -> Result<Member, TarError> {
        let kind = match kind {
            EntryType::Regular | EntryType::Continuous if name.ends_with('/') => Kind::Directory,
            EntryType::Regular | EntryType::Continuous => Kind::File,
            EntryType::Directory => Kind::Directory,
            EntryType::Link => Kind::HardLink(link),
            EntryType::Symlink => Kind::SymLink(link),
            _ => Kind::Other,
        };
        // POSIX: a link's or a directory's size says nothing about bytes that follow.
        let size = if matches!(kind, Kind::File | Kind::Other) {
            size
        } else {
            0
        };
        self.count += 1;
        if self.count > MAX_MEMBERS {
            return Err(self.malformed("the tar has more than two million members"));
        }
        let offset = self.position;
        self.next = size
            .checked_next_multiple_of(BLOCK)
            .and_then(|padded| padded.checked_add(offset))
            .ok_or_else(|| self.malformed("its size is beyond any file"))?;
        self.last = clean(name);
        Ok(Member {
            name: self.last.clone(),
            kind,
            size,
            offset,
        })
    }

    /// Reads the next header, passing over what is left of the last member. `None` at the end.
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
        // The checksum counts its own field as eight spaces.
        let sum = bytes[..148]
            .iter()
            .chain(&bytes[156..])
            .fold(8 * 32, |sum, byte| sum + u32::from(*byte));
        if header.cksum().ok() != Some(sum) {
            return Err(self.malformed("its checksum is wrong"));
        }
        Ok(Some(header))
    }

    fn extension(&mut self, size: u64) -> Result<Vec<u8>, TarError> {
        if size > MAX_EXTENSION {
            return Err(self.malformed("its name or PAX record is longer than any"));
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
            offset: self.next,
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

#[derive(Default)]
struct Pax {
    path: Option<String>,
    link: Option<String>,
    size: Option<u64>,
}

impl Pax {
    /// Records are `<length> <key>=<value>\n`, the length counting itself.
    fn parse(mut body: &[u8]) -> Option<Self> {
        let mut pax = Self::default();
        while !body.is_empty() {
            let space = body.iter().position(|byte| *byte == b' ')?;
            let length: usize = std::str::from_utf8(&body[..space]).ok()?.parse().ok()?;
            let record = body.get(space + 1..length)?.strip_suffix(b"\n")?;
            let equals = record.iter().position(|byte| *byte == b'=')?;
            let (key, value) = (&record[..equals], &record[equals + 1..]);
            match key {
                b"path" => pax.path = Some(lossy(value)),
                b"linkpath" => pax.link = Some(lossy(value)),
                b"size" => pax.size = Some(std::str::from_utf8(value).ok()?.parse().ok()?),
                _ => {}
            }
            body = &body[length..];
        }
        Some(pax)
    }
}

fn c_string(bytes: &[u8]) -> String {
    lossy(bytes.split(|byte| *byte == 0).next().unwrap_or_default())
}

/// Names that are not UTF-8 keep their place among the members under a name that shows it.
fn lossy(bytes: &[u8]) -> String {
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
