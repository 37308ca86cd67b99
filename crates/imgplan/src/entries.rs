//! Which registered images can be planned with: those whose archives are there.

use camino::{Utf8Path, Utf8PathBuf};
use cli::{Failure, Reporter};
use registry::{Entry, Registry, Store};

/// The images of a store, and where the paths to them begin.
pub(crate) struct Images<'a> {
    store: &'a Store,
    here: &'a Utf8Path,
    usable: Vec<&'a Entry>,
}

impl<'a> Images<'a> {
    /// The entries whose archive is a file inside the store. One whose archive is missing, or that points
    /// elsewhere, is passed over with a warning: it would fail whoever took it.
    pub(crate) fn look(
        store: &'a Store,
        registry: &'a Registry,
        here: &'a Utf8Path,
        reporter: &Reporter,
    ) -> Self {
        let mut images = Self {
            store,
            here,
            usable: Vec::new(),
        };
        let survey = store.survey();
        for entry in registry.entries() {
            match survey.path(&entry.file) {
                Ok(file) if file.absolute().is_file() => images.usable.push(entry),
                Ok(file) => reporter.warn(format!(
                    "{}: its archive {} is not there; passed over",
                    entry.name,
                    survey.relative(&file, here)
                )),
                Err(error) => reporter.warn(format!("{}: {error}; passed over", entry.name)),
            }
        }
        images
    }

    /// The entries, in the registry's order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &'a Entry> {
        self.usable.iter().copied()
    }

    /// The path of an entry's archive, as it opens from the working directory.
    pub(crate) fn path_of(&self, entry: &Entry) -> Result<Utf8PathBuf, Failure> {
        Ok(self
            .store
            .relative(&self.store.path(&entry.file)?, self.here))
    }
}
