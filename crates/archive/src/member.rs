//! What a tar's reader hands out: members, and why there are no more of them.

use std::io::{self, Read};

use tar::{EntryType, Header};

use crate::attributes::{Attributes, Device, Special};
use crate::header_fields::Xattr;

/// What a member is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Directory,
    HardLink(String),
    SymLink(String),
    /// A device, a FIFO, a sparse file: there, and never read.
    Special(Special),
}

impl Kind {
    /// What a header says, and how many bytes follow it. As Go's archive/tar, which engines read with: some
    /// kinds have none, whatever their size says.
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
            // Before POSIX a slash at the end was a folder's only mark.
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
    /// Where a link leads.
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
    /// The length of its bytes in the tar.
    pub size: u64,
    /// Where its bytes begin, counted from the start of the tar: no two members have one place.
    pub offset: u64,
    pub attributes: Attributes,
    pub xattrs: Vec<Xattr>,
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

impl<P: Pass + ?Sized> Pass for &mut P {
    fn pass(&mut self, bytes: u64) -> io::Result<u64> {
        (**self).pass(bytes)
    }
}
