//! The layers that a registry already has, with their blobs.
//!
//! A registry cannot be asked for a layer by its diff_id. But it can be asked for images of this store: the image with
//! the tag, the earlier published version of this entry, and its bases. Their manifests name blobs and their configs
//! diff_ids, in the same order.

use std::collections::BTreeMap;

use archive::{Gathered, Stored};
use camino::Utf8Path;
use naming::{Architecture, Digest, Reference};
use registry::{Entry, Registry};
use remote::{Remote, RemoteImage};

/// How many bases of bases to ask for. Images have at most 127 layers.
const MAX_DEPTH: usize = 128;

/// Adds the layers of a published image.
pub(crate) fn add(stored: &mut BTreeMap<Digest, Stored>, image: &RemoteImage) {
    let name = image.reference.to_string();
    let Ok(parsed) = Gathered::new(Utf8Path::new(&name), image.config.clone()) else {
        return;
    };
    let diff_ids = &parsed.config.diff_ids;
    if diff_ids.len() == image.manifest.layers.len() {
        for (diff_id, layer) in diff_ids.iter().zip(&image.manifest.layers) {
            stored
                .entry(*diff_id)
                .or_insert_with(|| Stored::from(layer));
        }
    }
}

/// The published version and bases of an entry, in the registry of `to`. An unavailable one is skipped: its layers are
/// sent again.
pub(crate) fn published(
    remote: &Remote,
    registry: &Registry,
    entry: &Entry,
    architecture: Architecture,
    to: &Reference,
) -> Vec<RemoteImage> {
    let mut found = Vec::new();
    let mut next = Some(entry);
    for _ in 0..MAX_DEPTH {
        let Some(entry) = next else {
            break;
        };
        if let Some(published) = &entry.remote
            && published.domain() == to.domain()
            && let Ok(image) = remote.resolve(published, architecture)
        {
            found.push(image);
        }
        next = entry.base.as_deref().and_then(|base| registry.get(base));
    }
    found
}
