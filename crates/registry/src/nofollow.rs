//! Opens the store's own files safely, even if another user replaced them.
//!
//! Their names are public, and a store may be shared. Links are not followed, named pipes are not waited for, and
//! writes go into new files. [`work`](crate::work) checks the folders above.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;

use camino::Utf8Path;
use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::Error;

/// Opens a file that must be a regular one. `None` if it does not exist; an error if it is not a regular file.
pub(crate) fn open(path: &Utf8Path, options: &mut OpenOptions) -> Result<Option<File>, Error> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    options.custom_flags(flags.bits().cast_signed());
    let foreign = || Error::Foreign {
        path: path.to_owned(),
        rule: "is not a regular file, but imgpipe needs one here",
    };
    let file = match options.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => match Errno::from_io_error(&error) {
            // A link, a folder, a pipe without a reader, or a socket.
            Some(Errno::LOOP | Errno::ISDIR | Errno::NXIO) => return Err(foreign()),
            _ => return Err(Error::io("open", path)(error)),
        },
    };
    let metadata = file.metadata().map_err(Error::io("read", path))?;
    if metadata.is_file() {
        Ok(Some(file))
    } else {
        Err(foreign())
    }
}

/// Reads up to `limit` bytes of a file; `None` if it does not exist. The store's own files are never longer.
pub(crate) fn read(path: &Utf8Path, limit: u64) -> Result<Option<Vec<u8>>, Error> {
    let Some(file) = open(path, OpenOptions::new().read(true))? else {
        return Ok(None);
    };
    let mut bytes = Vec::new();
    file.take(limit)
        .read_to_end(&mut bytes)
        .map_err(Error::io("read", path))?;
    Ok(Some(bytes))
}

/// Creates a new file. An existing one, for example a link, is removed and not written to.
pub(crate) fn create(path: &Utf8Path) -> Result<File, Error> {
    remove(path)?;
    File::create_new(path).map_err(Error::io("create", path))
}

/// Removes a file, if it exists.
pub(crate) fn remove(path: &Utf8Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}
