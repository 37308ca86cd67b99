//! Paths of the store's files for users.

use camino::{Utf8Path, Utf8PathBuf};
use failure::Failure;
use registry::{Store, Survey};

/// Turns a store's files into paths from the working directory.
pub(crate) struct DisplayPaths<'a> {
    store: &'a Store,
    survey: Survey<'a>,
    here: Utf8PathBuf,
}

impl<'a> DisplayPaths<'a> {
    pub(crate) fn new(store: &'a Store) -> Result<Self, Failure> {
        Ok(Self {
            store,
            survey: store.survey(),
            here: ui::working_dir()?,
        })
    }

    pub(crate) fn path(&self, file: &Utf8Path) -> Utf8PathBuf {
        let absolute = self.store.root().join(file);
        match self.survey.path(file) {
            Ok(path) => self.survey.relative(&path, &self.here),
            // imgpipe's own files.
            Err(_) => absolute
                .strip_prefix(&self.here)
                .map_or_else(|_| absolute.clone(), Utf8Path::to_owned),
        }
    }
}
