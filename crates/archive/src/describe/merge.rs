//! Merges the descriptions of the same image in an archive's documents.

use std::collections::{BTreeMap, BTreeSet};

use super::Described;

/// One image an identity, with all tags: an image with two tags can be two entries.
pub(super) fn merge(images: Vec<Described>) -> Vec<Described> {
    let mut merged: Vec<Described> = Vec::new();
    let mut places = BTreeMap::new();
    for mut image in images {
        let place = *places.entry(image.image_id).or_insert(merged.len());
        match merged.get_mut(place) {
            Some(same) => {
                same.tags.append(&mut image.tags);
                same.manifests.append(&mut image.manifests);
            }
            None => merged.push(image),
        }
    }
    merged.iter_mut().for_each(once_each);
    merged
}

/// Removes duplicate tags of an image.
fn once_each(image: &mut Described) {
    let mut seen = BTreeSet::new();
    image.tags.retain(|tag| seen.insert(tag.clone()));
}

/// Adds the data of `index.json` to the same images of `manifest.json`.
pub(super) fn complete(images: &mut [Described], indexed: Vec<Described>) {
    let indexed = indexed.into_iter().map(|image| (image.image_id, image));
    let mut indexed: BTreeMap<_, _> = indexed.collect();
    for image in images {
        if let Some(same) = indexed.remove(&image.image_id) {
            image.tags.extend(same.tags);
            image.manifests = same.manifests;
            image.index = same.index;
            image.sizes = same.sizes;
            image.base = same.base;
            image.manifest = same.manifest;
            once_each(image);
        }
    }
}
