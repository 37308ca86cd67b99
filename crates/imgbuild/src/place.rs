//! Where a plan's image comes to be, before anything was built.

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use naming::{ImageName, Reference};
use plan::Plan;
use registry::{Registry, Store};

/// An archive, and what it is loaded as.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Without detours.
    pub archive: Utf8PathBuf,
    pub tag: Option<Reference>,
}

impl Place {
    /// The place of the image that a plan names; `None` where its name does not comply.
    pub(crate) fn of(plan: &Plan, store: &Store, registry: &Registry) -> Option<Self> {
        let name = plan.name.as_deref()?;
        let (file, tag) = match registry.get(name) {
            Some(entry) => (entry.file.clone(), Some(entry.docker_tag.clone())),
            None => {
                let name: ImageName = name.parse().ok()?;
                (name.archive_file().into(), name.reference().ok())
            }
        };
        Some(Self {
            archive: plain(&store.root().join(file)),
            tag,
        })
    }
}

/// A path without detours; links stay.
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
