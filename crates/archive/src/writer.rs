//! Writes a tar whose bytes depend only on its contents: fixed owners, modes and times.

use std::io::{self, Read, Write};

use tar::{EntryType, Header};

use crate::headers::BLOCK;

/// Blocks of zeros that end a tar (POSIX asks for two).
const END: [u8; 2 * BLOCK as usize] = [0; 2 * BLOCK as usize];

/// A header for a regular file.
pub(crate) fn file_header(name: &str, size: u64) -> io::Result<Header> {
    let mut header = Header::new_ustar();
    header.set_path(name)?;
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(size);
    header.set_cksum();
    Ok(header)
}

/// Writes a member that is in memory.
pub(crate) fn member(out: &mut impl Write, name: &str, bytes: &[u8]) -> io::Result<()> {
    out.write_all(file_header(name, bytes.len() as u64)?.as_bytes())?;
    out.write_all(bytes)?;
    pad(out, bytes.len() as u64)
}

/// Fills the last block of a member of this size.
pub(crate) fn pad(out: &mut impl Write, size: u64) -> io::Result<()> {
    let padding = size.next_multiple_of(BLOCK) - size;
    io::copy(&mut io::repeat(0).take(padding), out).map(drop)
}

pub(crate) fn end(out: &mut impl Write) -> io::Result<()> {
    out.write_all(&END)
}
