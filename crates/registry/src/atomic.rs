//! Replacing the registry's text so that no reader ever sees half of it.
//!
//! Temporary file in the same folder, fsync, rename, fsync of the folder. A registry that is a
//! link stays one: what it leads to is replaced. Right before the rename, the file must still be
//! the one that was read, since editors and `sed -i` take no locks.

use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, chown};

use camino::{Utf8Path, Utf8PathBuf};
use rustix::io::Errno;

use crate::{Error, own, unfinished};

/// What tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// The text of a file and the state that it was in; none if there is no file.
pub(crate) fn read(path: &Utf8Path) -> Result<Option<(String, Stamp)>, Error> {
    let read = yaml::read(path)?;
    Ok(read.map(|(text, metadata)| (text, Stamp::of(&metadata))))
}

/// Writes a text over a file that is still in the state `expected` (none: not there), with the
/// mode and, where that is allowed, the owner of what it replaces. False if it is no longer so.
/// `before` runs when all is ready.
pub(crate) fn replace(
    path: &Utf8Path,
    expected: Option<Stamp>,
    text: &str,
    before: impl FnOnce() -> Result<(), Error>,
) -> Result<bool, Error> {
    let target = target(path)?;
    let folder = parent(&target);
    let name = target.file_name().unwrap_or_default();
    // The registry's lock is held: nobody else has a temporary file of this name.
    let temporary = unfinished::Temporary::new(folder.join(format!(".{name}.unfinished")));
    let failed = |action| Error::io(action, temporary.path());
    let mut file = own::create(temporary.path())?;
    file.write_all(text.as_bytes()).map_err(failed("write"))?;
    if let Some(old) = metadata(&target)? {
        let own = file.metadata().map_err(failed("read"))?;
        if (old.uid(), old.gid()) != (own.uid(), own.gid()) {
            // Only root may give a file away; for others it stays their own.
            let _ = chown(temporary.path(), Some(old.uid()), Some(old.gid()));
        }
        file.set_permissions(old.permissions())
            .map_err(failed("set the mode of"))?;
    }
    file.sync_all().map_err(failed("flush"))?;
    if metadata(&target)?.as_ref().map(Stamp::of) != expected {
        return Ok(false);
    }
    before()?;
    temporary.rename(&target)?;
    sync_folder(folder)?;
    Ok(true)
}

/// Makes renames and removals in a folder last, as far as its file system can.
pub(crate) fn sync_folder(folder: &Utf8Path) -> Result<(), Error> {
    File::open(folder)
        .and_then(|folder| synced(folder.sync_all()))
        .map_err(Error::io("flush", folder))
}

/// Some file systems flush files and no folders, and say so (fsync(2), `EINVAL`; FUSE, `EOPNOTSUPP`).
fn synced(flushed: io::Result<()>) -> io::Result<()> {
    match flushed {
        Err(error) => match Errno::from_io_error(&error) {
            Some(Errno::INVAL | Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
            _ => Err(error),
        },
        Ok(()) => Ok(()),
    }
}

/// The folder that holds a path.
pub(crate) fn parent(path: &Utf8Path) -> &Utf8Path {
    match path.parent() {
        Some(parent) if !parent.as_str().is_empty() => parent,
        _ => Utf8Path::new("."),
    }
}

/// The file behind a link, also where it is not there yet.
fn target(path: &Utf8Path) -> Result<Utf8PathBuf, Error> {
    if !path.is_symlink() {
        return Ok(path.to_owned());
    }
    match path.canonicalize_utf8() {
        Ok(target) => Ok(target),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let target = path.read_link_utf8().map_err(Error::io("follow", path))?;
            Ok(parent(path).join(target))
        }
        Err(error) => Err(Error::io("follow", path)(error)),
    }
}

fn metadata(path: &Utf8Path) -> Result<Option<Metadata>, Error> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", path)(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_need_not_be_flushed_but_must_not_fail() {
        for (error, is_fine) in [
            (Errno::INVAL, true),
            (Errno::OPNOTSUPP, true),
            (Errno::IO, false),
            (Errno::NOSPC, false),
        ] {
            assert_eq!(synced(Err(error.into())).is_ok(), is_fine, "{error}");
        }
        assert!(synced(Ok(())).is_ok());
    }
}
