//! Archives that are older or newer than the registry.

use archive::Archive;
use camino::Utf8Path;
use registry::Entry;

/// Whether an archive holds other images than the registry says, as one that a CI system restored from an older run: it
/// is as good as absent. Reads the archive's index alone. An archive that can't be read is not stale: loading says what
/// is wrong with it.
pub fn is_stale(path: &Utf8Path, entry: &Entry) -> bool {
    entry.image_id.is_some_and(|id| {
        Archive::open(path).is_ok_and(|archive| archive.image(Some(id)).is_none())
    })
}

/// What is said of such an archive.
pub fn stale(path: &Utf8Path) -> String {
    format!("{path}: is stale: it holds another image than the registry says")
}
