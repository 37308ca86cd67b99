//! What an archive takes the place of, for as long as that may have to be taken back.

use std::fs::{self, File};
use std::io;

use camino::Utf8Path;

use crate::lock::is_named;
use crate::unfinished::Temporary;
use crate::{Error, Store, StorePath, own, staging, unfinished};

/// What was in a place before.
#[derive(Debug)]
pub(crate) enum Replaced {
    Nothing,
    /// A file, which has a second name for now. That is locked, lest it be taken for a dead writer's.
    File {
        name: Temporary,
        held: File,
    },
}

impl Replaced {
    /// Keeps what is in a place. `None` where it can't be kept: not all file systems give files two names.
    pub fn keep(store: &Store, path: &StorePath) -> Option<Self> {
        let place = path.absolute();
        let file = match own::open(&place, File::options().read(true)) {
            Ok(Some(file)) => file,
            Ok(None) => return Some(Self::Nothing),
            Err(_) => return None,
        };
        file.try_lock_shared().ok()?;
        let folder = staging::folder(store, Some(path)).ok()?;
        let name = Temporary::new(folder.join(unfinished::unique_name()));
        fs::hard_link(&place, name.path()).ok()?;
        Some(Self::File { name, held: file })
    }

    /// Puts it back.
    pub fn restore(self, place: &Utf8Path) -> Result<(), Error> {
        match self {
            // It is there still. A rename from one name of a file to another does nothing (rename(2)).
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
