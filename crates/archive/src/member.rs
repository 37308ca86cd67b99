//! What a tar's reader hands out: members, and why there are no more of them.

use std::io::{self, Read};

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
