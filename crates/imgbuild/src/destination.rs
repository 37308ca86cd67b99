//! The destination of a plan's image, known before the build.

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use naming::{ImageName, Reference};
use plan::Plan;
use registry::{Entry, Registry, Store};

/// An archive, and the tags of its loaded image.
#[derive(Debug, Clone)]
pub(crate) struct Destination {
    /// Without `.` and `..`.
    pub archive: Utf8PathBuf,
    /// The first is the registered one.
    pub tags: Vec<Reference>,
}

impl Destination {
    /// The destination of a plan's image; `None` if its name is invalid.
    pub(crate) fn of(plan: &Plan, store: &Store, registry: &Registry) -> Option<Self> {
        let name = plan.name.as_deref()?;
        let (file, tags) = match registry.get(name) {
            Some(entry) => (entry.file.clone(), entry.tags().cloned().collect()),
            None => {
                let name: ImageName = name.parse().ok()?;
                let tags = name.reference().into_iter().collect();
                (name.archive_file().into(), tags)
            }
        };
        Some(Self {
            archive: plain(&store.root().join(file)),
            tags,
        })
    }

    /// Whether this is an entry's archive.
    pub(crate) fn is_of(&self, entry: &Entry, store: &Store) -> bool {
        plain(&store.root().join(&entry.file)) == self.archive
    }

    /// Whether a reference means the image, with or without a digest.
    pub(crate) fn is_called(&self, reference: &Reference) -> bool {
        let bare = reference.unpinned();
        self.tags.iter().any(|tag| bare.is_called(&tag.unpinned()))
    }
}

/// A path without `.` and `..`; links stay.
pub(crate) fn plain(path: &Utf8Path) -> Utf8PathBuf {
    let mut out = Utf8PathBuf::new();
    for part in path.components() {
        match part {
            Utf8Component::CurDir => {}
            Utf8Component::ParentDir => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}
