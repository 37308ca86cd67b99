//! The members of a tar, and the errors that end their list.

use std::io::{self, Read};

use tar::{EntryType, Header};

use crate::attributes::{Attributes, Device, Special};
use crate::header_fields::Xattr;

/// The kind of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Directory,
    HardLink(String),
    SymLink(String),
    /// A device, a FIFO or a sparse file. Its bytes are never read.
    Special(Special),
}

impl Kind {
    /// The kind in a header, and the number of bytes that follow. Like Go's archive/tar, which engines use: some kinds
    /// have no bytes, regardless of their size field.
    pub(crate) fn of(
        header: &Header,
        name: &str,
        link: String,
        sparse: bool,
        size: u64,
    ) -> (Self, u64) {
        let device = |kind: fn(Device) -> Special| {
            let device = Device::of(header).map(kind);
            (Self::Special(device.unwrap_or(Special::Unknown)), 0)
        };
        match header.entry_type() {
            EntryType::Regular | EntryType::Continuous if sparse => {
                (Self::Special(Special::Sparse), size)
            }
            // Before POSIX, a folder was marked only by a slash at the end of its name.
            EntryType::Regular | EntryType::Continuous if name.ends_with('/') && size == 0 => {
                (Self::Directory, 0)
            }
            EntryType::Regular | EntryType::Continuous => (Self::File, size),
            EntryType::Directory => (Self::Directory, 0),
            EntryType::Link => (Self::HardLink(link), 0),
            EntryType::Symlink => (Self::SymLink(link), 0),
            EntryType::Char => device(Special::Char),
            EntryType::Block => device(Special::Block),
            EntryType::Fifo => (Self::Special(Special::Fifo), 0),
            EntryType::GNUSparse => (Self::Special(Special::Sparse), size),
            _ => (Self::Special(Special::Unknown), size),
        }
    }
}

impl Kind {
    /// The target of a link.
    pub(crate) fn target(&self) -> Option<&str> {
        match self {
            Self::HardLink(target) | Self::SymLink(target) => Some(target),
            Self::File | Self::Directory | Self::Special(_) => None,
        }
    }
}

/// A member of a tar. Its name is without a leading `./` or `/` and without a trailing slash.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub name: String,
    pub kind: Kind,
    /// The number of its bytes in the tar.
    pub size: u64,
    /// The offset of its bytes in the tar. It is unique for each member.
    pub offset: u64,
    pub attributes: Attributes,
    pub xattrs: Vec<Xattr>,
}

/// Why the list of members ended early.
#[derive(Debug)]
pub(crate) enum TarError {
    Read(io::Error),
    /// The stream ends inside this member, and this many bytes are missing.
    Truncated {
        name: String,
        missing: u64,
    },
    /// The header at this offset is invalid.
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

/// A stream that can skip bytes.
pub(crate) trait Pass: Read {
    /// Skips `bytes`; returns the number of skipped bytes.
    fn pass(&mut self, bytes: u64) -> io::Result<u64>;
}

impl<P: Pass + ?Sized> Pass for &mut P {
    fn pass(&mut self, bytes: u64) -> io::Result<u64> {
        (**self).pass(bytes)
    }
}
