//! The files of a build context, and the properties that distinguish them.
//!
//! Docker sends a context without owners and times. It keeps paths, permission bits, contents and link targets.
//! Links are not followed; sockets are not sent, and of other special files only their kind. `.dockerignore` excludes
//! files (see [`Ignore`]).

mod ignore;
mod pattern;

use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

use camino::{Utf8Path, Utf8PathBuf};
use naming::Digest;

use crate::error::{Error, Result};
pub use ignore::Ignore;

/// Permissions with set-user-ID, set-group-ID and sticky bits, which `COPY` preserves.
const MODE_BITS: u32 = 0o7777;

/// The files of a build context, sorted by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildContext {
    /// Every file, folder and link that is not ignored.
    pub entries: Vec<ContextEntry>,
}

/// One file, folder or link.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContextEntry {
    /// From the context's folder, with slashes; not always UTF-8.
    pub path: Vec<u8>,
    /// The permission bits; 0 for links, which have none.
    pub mode: u32,
    /// Its kind.
    pub kind: EntryKind,
}

/// The kind of an entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// A regular file with the digest of its bytes.
    File(Digest),
    /// A folder.
    Folder,
    /// A symbolic link with its target.
    Link(Vec<u8>),
    /// A FIFO or a device.
    Special,
}

/// The excluded files of a folder.
struct Rules<'a> {
    ignore: &'a Ignore,
    is_left_out: &'a dyn Fn(&Path, bool) -> bool,
}

impl BuildContext {
    /// Reads a folder, hashing each file as a stream. `is_left_out` gets each path from the folder, and whether it is a
    /// folder. Excluded folders are entered nevertheless.
    pub fn read(
        folder: &Utf8Path,
        ignore: &Ignore,
        is_left_out: &dyn Fn(&Path, bool) -> bool,
    ) -> Result<Self> {
        let mut context = Self::default();
        let rules = Rules {
            ignore,
            is_left_out,
        };
        context.folder(folder, Path::new(""), &rules)?;
        context.entries.sort();
        Ok(context)
    }

    fn folder(&mut self, root: &Utf8Path, below: &Path, rules: &Rules) -> Result<()> {
        let folder = root.as_std_path().join(below);
        let names = fs::read_dir(&folder).map_err(|source| failed(&folder, source))?;
        for name in names {
            let name = name.map_err(|source| failed(&folder, source))?.file_name();
            let relative = below.join(&name);
            let path = folder.join(&name);
            // Before reading the metadata: imgpipe's own files may disappear.
            let is_folder = path.is_dir() && !path.is_symlink();
            let left_out = (rules.is_left_out)(&relative, is_folder);
            if left_out && !is_folder {
                continue;
            }
            let data = fs::symlink_metadata(&path).map_err(|source| failed(&path, source))?;
            let ignored = rules.ignore.excludes(relative.as_os_str().as_bytes());
            if !ignored
                && !left_out
                && let Some(kind) = kind(&path, &data)?
            {
                let mode = if data.is_symlink() {
                    0
                } else {
                    data.mode() & MODE_BITS
                };
                let path = relative.as_os_str().as_bytes().to_vec();
                self.entries.push(ContextEntry { path, mode, kind });
            }
            if data.is_dir() && (!ignored || rules.ignore.has_exceptions()) {
                self.folder(root, &relative, rules)?;
            }
        }
        Ok(())
    }
}

/// The kind of a file; `None` if it is not sent.
fn kind(path: &Path, data: &Metadata) -> Result<Option<EntryKind>> {
    let failed = |source| failed(path, source);
    Ok(Some(match data.file_type() {
        kind if kind.is_dir() => EntryKind::Folder,
        kind if kind.is_symlink() => EntryKind::Link(
            fs::read_link(path)
                .map_err(failed)?
                .as_os_str()
                .as_bytes()
                .to_vec(),
        ),
        kind if kind.is_file() => {
            let file = File::open(path).map_err(failed)?;
            EntryKind::File(archive::digest_reader(file).map_err(failed)?)
        }
        kind if kind.is_socket() => return Ok(None),
        _ => EntryKind::Special,
    }))
}

fn failed(path: &Path, source: std::io::Error) -> Error {
    let path = String::from_utf8_lossy(OsStr::as_bytes(path.as_os_str()));
    Error::Context {
        path: Utf8PathBuf::from(path.into_owned()),
        source,
    }
}

#[cfg(test)]
mod tests;
