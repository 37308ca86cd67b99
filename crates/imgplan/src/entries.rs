//! Which registered images can be planned with: those whose archives are there.

use camino::{Utf8Path, Utf8PathBuf};
use cli::Reporter;
use registry::{Entry, Registry, Store};

/// The entries whose archive is a file inside the store, each with its path from the working directory.
/// One whose archive is missing is passed over with a warning: it would fail whoever took it.
pub(crate) fn usable<'a>(
    store: &Store,
    registry: &'a Registry,
    here: &Utf8Path,
    reporter: &Reporter,
) -> Vec<(&'a Entry, Utf8PathBuf)> {
    let mut usable = Vec::new();
    for entry in registry.entries() {
        match store.path(&entry.file) {
            Ok(file) if file.absolute().is_file() => {
                usable.push((entry, store.relative(&file, here)));
            }
            Ok(file) => reporter.warn(format!(
                "{}: its archive {} is not there; passed over",
                entry.name,
                store.relative(&file, here)
            )),
            Err(error) => reporter.warn(format!("{}: {error}; passed over", entry.name)),
        }
    }
    usable
}
