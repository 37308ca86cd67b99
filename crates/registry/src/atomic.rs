//! Replaces the registry's text atomically, so that readers never see half of it.
//!
//! Temporary file in the same folder, fsync, rename, fsync of the folder. If the registry is a link, its target is
//! replaced, and the link stays. Right before the rename, the file must still be the one that was read: editors and
//! `sed -i` take no locks.

use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, chown};

use camino::{Utf8Path, Utf8PathBuf};
use rustix::io::Errno;

use crate::{Error, nofollow, unfinished};

/// Identifies one state of a file.
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

/// The text of a file and its state; `None` if there is no file.
pub(crate) fn read(path: &Utf8Path) -> Result<Option<(String, Stamp)>, Error> {
    let read = yaml::read(path)?;
    Ok(read.map(|(text, metadata)| (text, Stamp::of(&metadata))))
}

/// Replaces a file's text if its state is still `expected` (`None`: no file), and returns whether it was. Keeps the
/// mode and, if permitted, the owner. `before` runs when the new text is on disk.
pub(crate) fn replace(
    path: &Utf8Path,
    expected: Option<Stamp>,
    text: &str,
    before: impl FnOnce() -> Result<(), Error>,
) -> Result<bool, Error> {
    let target = target(path)?;
    let folder = parent(&target);
    let name = target.file_name().unwrap_or_default();
    // The registry's lock is held, so no other process uses this temporary name.
    let temporary = unfinished::TemporaryPath::new(folder.join(format!(".{name}.unfinished")));
    let failed = |action| Error::io(action, temporary.path());
    let mut file = nofollow::create(temporary.path())?;
    file.write_all(text.as_bytes()).map_err(failed("write"))?;
    if let Some(old) = metadata(&target)? {
        let own = file.metadata().map_err(failed("read"))?;
        if (old.uid(), old.gid()) != (own.uid(), own.gid()) {
            // Only root may change the owner. For others the file stays their own.
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

/// Flushes renames and removals in a folder to disk, if its file system can.
pub(crate) fn sync_folder(folder: &Utf8Path) -> Result<(), Error> {
    File::open(folder)
        .and_then(|folder| synced(folder.sync_all()))
        .map_err(Error::io("flush", folder))
}

/// Some file systems flush files but no folders (fsync(2), `EINVAL`; FUSE, `EOPNOTSUPP`).
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

/// The target of a link, even if it does not exist yet.
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
