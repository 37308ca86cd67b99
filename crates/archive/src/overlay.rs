//! The files of one layer: those that it adds, and those that it removes from lower layers.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use crate::attributes::{Attributes, FileKind};
use crate::compose::write_error;
use crate::error::{Blame, Error};
use crate::growth::Excess;
use crate::header_fields::clean;
use crate::headers::Headers;
use crate::member::{Kind, Pass, TarError};
use crate::source::CHUNK;

/// The largest number of bytes of all paths of a layer, because they are held in memory.
pub(crate) const MAX_NAMES: usize = 96 << 20;
/// The largest number of bytes of files that are kept for a layer, and for an image. Package databases have some
/// megabytes. Other files are read again on request.
pub(crate) const MAX_KEPT: u64 = 16 << 20;

const WHITEOUT: &str = ".wh.";
const OPAQUE: &str = ".wh..wh..opq";

/// A layer's entry at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    Own(Inode),
    /// Another name of a file of a lower layer, or of a missing file.
    HardLink(String),
}

/// A file of a layer's tar, with one or more names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Inode {
    pub kind: FileKind,
    /// The offset of its bytes in the tar, even if it has none. Hard links to it have the same offset.
    pub offset: u64,
    pub attributes: Attributes,
}

/// A layer's files.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    pub added: BTreeMap<String, Item>,
    /// Removals from lower layers: a path, and whether only the contents of that folder.
    pub removed: Vec<(String, bool)>,
    /// The bytes of some files, by their offsets in the layer's tar.
    pub kept: BTreeMap<u64, Vec<u8>>,
    /// The bytes of all paths.
    pub names: usize,
}

impl Overlay {
    /// Lists a layer's files, and keeps the bytes of those that `keep` accepts.
    pub(crate) fn scan<R: Pass>(layer: R, keep: &dyn Fn(&str) -> bool) -> Result<Self, TarError> {
        let mut headers = Headers::new(layer);
        let mut overlay = Self::default();
        let mut budget = MAX_KEPT;
        while let Some(member) = headers.next_member()? {
            // Engines also refuse such a path, or keep it inside the image's root.
            if member.name.split('/').any(|part| part == "..") {
                continue;
            }
            overlay.names += member.name.len();
            let (folder, name) = member.name.rsplit_once('/').unwrap_or(("", &member.name));
            if name == OPAQUE {
                overlay.removed.push((folder.to_owned(), true));
                continue;
            }
            if let Some(name) = name.strip_prefix(WHITEOUT) {
                // After the prefix, no name is left, or only dots. No file of a lower layer has such a name.
                if !matches!(name, "" | "." | "..") {
                    overlay.removed.push((join(folder, name), false));
                }
                continue;
            }
            if member.kind == Kind::File && member.size <= budget && keep(&member.name) {
                budget -= member.size;
                let bytes = headers.start(&member, member.size)?;
                overlay.kept.insert(member.offset, bytes);
            }
            let kind = match member.kind {
                Kind::Directory => FileKind::Directory,
                Kind::SymLink(target) => {
                    overlay.names += target.len();
                    FileKind::SymLink(target.into())
                }
                Kind::File => FileKind::File { size: member.size },
                Kind::Special(special) => FileKind::Special(special),
                Kind::HardLink(target) => {
                    let target = clean(&target);
                    let item = match overlay.added.get(&target) {
                        Some(item) => item.clone(),
                        None => Item::HardLink(target),
                    };
                    overlay.added.insert(member.name, item);
                    continue;
                }
            };
            let item = Item::Own(Inode {
                kind,
                offset: member.offset,
                attributes: member.attributes,
            });
            overlay.added.insert(member.name, item);
        }
        Ok(overlay)
    }
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}

/// A reader that copies all bytes to a writer, both read and skipped ones.
pub(crate) struct Tee<R, W> {
    reader: R,
    writer: W,
    write_error: Option<io::Error>,
    read_error: Option<io::Error>,
    buffer: Vec<u8>,
}

impl<R: Read, W: Write> Tee<R, W> {
    pub(crate) fn new(reader: R, writer: W) -> Self {
        Self {
            reader,
            writer,
            write_error: None,
            read_error: None,
            buffer: vec![0; CHUNK],
        }
    }

    /// Copies the rest, and returns the reader. Returns any earlier error of the reader or the writer.
    pub(crate) fn finish(mut self, blame: &Blame) -> Result<R, Error> {
        while self.write_error.is_none() && self.read_error.is_none() {
            if let Ok(0) = self.pass(u64::MAX) {
                break;
            }
        }
        self.ended(blame)
    }

    /// The reader, if neither it nor the writer has failed so far.
    pub(crate) fn ended(self, blame: &Blame) -> Result<R, Error> {
        match (self.write_error, self.read_error) {
            (Some(error), _) => Err(write_error(error)),
            (None, Some(error)) => Err(blame.read(error)),
            (None, None) => Ok(self.reader),
        }
    }
}

/// A copy of an error, which cannot be cloned: the original is kept for `finish`.
fn same(error: &io::Error) -> io::Error {
    match Excess::of(error) {
        Some(excess) => excess.into(),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

/// Fills the buffer as far as possible. A pipe returns different pieces each time, and an encoder may write other bytes
/// for other pieces (zlib-rs 0.6 does).
fn full(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

impl<R: Read, W: Write> Read for Tee<R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match full(&mut self.reader, buffer) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                let reported = same(&error);
                self.read_error.get_or_insert(error);
                return Err(reported);
            }
            read => read?,
        };
        if let Err(error) = self.writer.write_all(&buffer[..read]) {
            let reported = same(&error);
            self.write_error.get_or_insert(error);
            return Err(reported);
        }
        Ok(read)
    }
}

impl<R: Read, W: Write> Pass for Tee<R, W> {
    fn pass(&mut self, bytes: u64) -> io::Result<u64> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut passed = 0;
        let result = loop {
            let most = usize::try_from(bytes - passed)
                .unwrap_or(usize::MAX)
                .min(CHUNK);
            match self.read(&mut buffer[..most]) {
                Ok(0) => break Ok(passed),
                Ok(read) => passed += read as u64,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        self.buffer = buffer;
        result
    }
}
