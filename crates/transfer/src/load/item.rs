//! An image to load, and the engine's images under its names.

use std::sync::{Arc, OnceLock};

use archive::compose::{manifest_digest, plain_manifest_digest};
use archive::{Archive, Image, Layer, Stack};
use engine::{Engine, ImageInfo};
use naming::{Digest, Reference};
use registry::{Entry, Registry, Store};

use crate::load::choice::Choice;
use crate::load::decide::{BaseImage, NameState, Request, TagState};
use crate::load::engine_state::EngineState;

/// One image of an archive, and its tags.
#[derive(Debug)]
pub(crate) struct Item {
    /// The image, as far as its own archive holds it.
    pub stack: Stack,
    /// Its tags, without digests.
    pub tags: Vec<Reference>,
    /// The tags that must not be taken from another image.
    pub guarded: Vec<Reference>,
    /// The digests by which engines may identify the image: its config's, and on containerd stores that of a manifest or
    /// an index. They include those of images that earlier versions sent.
    ids: Vec<Digest>,
    /// The digest of the composed manifest, if `ids` lacks it.
    composed: OnceLock<Digest>,
}

impl Item {
    pub(crate) fn new(archive: &Arc<Archive>, choice: Choice) -> Option<Self> {
        let stack = Stack::new(archive.clone(), choice.image)?;
        let image = stack.image();
        Some(Self {
            ids: ids(image),
            composed: OnceLock::new(),
            tags: choice.tags,
            guarded: choice.guarded,
            stack,
        })
    }

    /// The input of a decision about it. `bases` are its possible base images.
    pub(crate) fn request<'a>(&'a self, bases: &'a [BaseImage]) -> Request<'a> {
        Request {
            ids: &self.ids,
            diff_ids: self.stack.diff_ids(),
            blobs: blobs(&self.stack),
            tags: &self.tags,
            guarded: &self.guarded,
            bases,
        }
    }

    /// The engine's possible names for it: its tags, then its IDs.
    fn names(&self) -> Vec<String> {
        let tags = self.tags.iter().map(Reference::to_string);
        tags.chain(self.ids().map(|id| id.to_string())).collect()
    }

    /// The digests by which an engine may identify it.
    pub(crate) fn ids(&self) -> impl Iterator<Item = Digest> {
        let composed = self.composed.get().filter(|id| !self.ids.contains(id));
        self.ids.iter().chain(composed).copied()
    }

    /// Whether [`Self::ids`] has the digest of the manifest.
    pub(crate) fn knows_manifest(&self) -> bool {
        self.ids().nth(1).is_some()
    }

    /// Records the digest of the manifest that was sent.
    pub(crate) fn was_composed(&self, manifest: Digest) {
        // Composition is deterministic.
        let _ = self.composed.set(manifest);
    }

    pub(crate) fn image(&self) -> &Image {
        self.stack.image()
    }

    /// Whether the engine's image is this one, and complete. An incomplete image on a containerd store has no diff_ids.
    fn is(&self, info: &ImageInfo) -> bool {
        self.ids().any(|id| id == info.id)
            && info.diff_ids.as_deref() == Some(self.stack.diff_ids())
    }

    /// The state of a tag. `found` has the image behind each of the engine's names for it, the full name last. Another name
    /// may hide the full name.
    fn tag_state(&self, found: &[Option<ImageInfo>]) -> TagState {
        match found.last() {
            _ if found.iter().flatten().any(|info| !self.is(info)) => TagState::OnAnother,
            Some(Some(_)) => TagState::Set,
            _ => TagState::Free,
        }
    }

    /// The tags that the image lacks.
    pub(crate) fn missing_tags<'a>(
        &'a self,
        names: &'a NameState,
    ) -> impl Iterator<Item = &'a Reference> {
        let tags = self.tags.iter().zip(&names.tags);
        tags.filter(|(_, state)| **state != TagState::Set)
            .map(|(tag, _)| tag)
    }

    /// Whether two items cannot be loaded together: they are the same image, or claim the same tag.
    pub(crate) fn conflicts(&self, other: &Self) -> bool {
        self.image().image_id == other.image().image_id
            || self.tags.iter().any(|tag| other.tags.contains(tag))
    }
}

/// The digests by which engines may identify an image.
fn ids(image: &Image) -> Vec<Digest> {
    let mut ids = vec![image.image_id];
    let came = manifest_digest(image).into_iter();
    let came = came.chain(image.manifests.iter().copied());
    for id in came.chain(plain_manifest_digest(image)) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

/// The possible base images of an entry's image, if the engine needs them.
pub(crate) fn bases(
    store: &Store,
    registry: &Registry,
    entry: &Entry,
    engine: &EngineState,
) -> Vec<BaseImage> {
    if !engine.is_containerd() {
        return Vec::new();
    }
    let bases = thin::ancestors(store, registry, entry).into_iter();
    let bases = bases.map(|stack| BaseImage {
        manifest: manifest_digest(stack.image()),
        diff_ids: stack.diff_ids().to_vec(),
        blobs: blobs(&stack),
    });
    bases.collect()
}

/// The digests of an image's lowest layers as stored, as far as they are known.
fn blobs(stack: &Stack) -> Vec<Digest> {
    let layers = stack.image().layers.iter();
    // Earlier versions named the left-out layers by their diff_ids.
    let blob = |layer: &Layer| layer.blob.or(layer.left_out.then_some(layer.diff_id));
    layers.map_while(blob).collect()
}

/// The engine's images under every name of these items.
pub(crate) fn look(engine: &Engine, items: &[&Item]) -> Result<Vec<NameState>, engine::Error> {
    Ok(look_at(engine, items, usize::MAX, &[])?.0)
}

/// The engine's images under the tags of these items, or under an ID if they have none. It suffices to see that all are
/// present.
pub(crate) fn look_by_tags(
    engine: &Engine,
    items: &[&Item],
) -> Result<Vec<NameState>, engine::Error> {
    Ok(look_at(engine, items, 1, &[])?.0)
}

/// The engine's images under every name of these items and of others, and all other images that it shows.
pub(crate) fn look_around(
    engine: &Engine,
    items: &[&Item],
    others: &[String],
) -> Result<(Vec<NameState>, Vec<ImageInfo>), engine::Error> {
    look_at(engine, items, usize::MAX, others)
}

/// Inspects each item by its tags, and by further names up to `least` in total.
fn look_at(
    engine: &Engine,
    items: &[&Item],
    least: usize,
    others: &[String],
) -> Result<(Vec<NameState>, Vec<ImageInfo>), engine::Error> {
    let names = items.iter().map(|item| {
        let mut names = item.names();
        names.truncate(item.tags.len().max(least));
        names
    });
    let names: Vec<_> = names.collect();
    let asked = [&names.concat(), others].concat();
    let infos = engine.inspect_each(&asked)?;
    let shown = infos.iter().flatten().flatten().cloned().collect();
    let mut infos = infos.into_iter();
    let states = items.iter().zip(&names).map(|(item, names)| {
        let found: Vec<_> = infos.by_ref().take(names.len()).collect();
        let mut all = found.iter().flatten().flatten();
        NameState {
            id: all.find(|info| item.is(info)).map(|info| info.id),
            tags: found[..item.tags.len()]
                .iter()
                .map(|found| item.tag_state(found))
                .collect(),
        }
    });
    Ok((states.collect(), shown))
}
