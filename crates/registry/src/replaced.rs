//! The old file at an archive's path, kept until the replacement is final.

use std::fs::{self, File};
use std::io;

use camino::Utf8Path;

use crate::lock::is_named;
use crate::unfinished::TemporaryPath;
use crate::{Error, Store, StorePath, nofollow, staging, unfinished};

/// The previous state of a path.
#[derive(Debug)]
pub(crate) enum Replaced {
    Nothing,
    /// A file with a temporary second name. It is locked, so that it does not count as a dead writer's.
    File {
        name: TemporaryPath,
        held: File,
    },
}

impl Replaced {
    /// Keeps the current file. `None` if that is impossible: not all file systems support hard links.
    pub fn keep(store: &Store, path: &StorePath) -> Option<Self> {
        let place = path.absolute();
        let file = match nofollow::open(&place, File::options().read(true)) {
            Ok(Some(file)) => file,
            Ok(None) => return Some(Self::Nothing),
            Err(_) => return None,
        };
        file.try_lock_shared().ok()?;
        let folder = staging::folder(store, Some(path)).ok()?;
        let name = TemporaryPath::new(folder.join(unfinished::unique_name()));
        fs::hard_link(&place, name.path()).ok()?;
        Some(Self::File { name, held: file })
    }

    /// Restores it.
    pub fn restore(self, place: &Utf8Path) -> Result<(), Error> {
        match self {
            // It is still there. A rename between two names of one file does nothing (rename(2)).
            Self::File { held, .. } if is_named(&held, place) => Ok(()),
            Self::File { name, .. } => name.rename(place),
            Self::Nothing => match fs::remove_file(place) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    Err(Error::io("remove", place)(error))
                }
                _ => Ok(()),
            },
        }
    }
}
