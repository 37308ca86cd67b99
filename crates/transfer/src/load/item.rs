//! An image on its way into the engine, and a look at what the engine has under its names.

use std::sync::{Arc, OnceLock};

use archive::compose::manifest_digest;
use archive::{Archive, Image, Stack};
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
    /// Those that it may not take from another image.
    pub guarded: Vec<Reference>,
    /// The digests under which engines know the image: its config's, and on containerd stores its
    /// manifest's as we compose it.
    ids: Vec<Digest>,
    /// The manifest that was composed, if layers that were compressed elsewhere left it unknown before.
    composed: OnceLock<Digest>,
}

impl Item {
    pub(crate) fn new(archive: &Arc<Archive>, choice: Choice) -> Option<Self> {
        let stack = Stack::new(archive.clone(), choice.image)?;
        let image = stack.image();
        let ids = [image.image_id].into_iter();
        Some(Self {
            ids: ids.chain(manifest_digest(image)).collect(),
            composed: OnceLock::new(),
            tags: choice.tags,
            guarded: choice.guarded,
            stack,
        })
    }

    /// What is to be decided about it. `bases` are images that it may stand on.
    pub(crate) fn request<'a>(&'a self, bases: &'a [BaseImage]) -> Request<'a> {
        let layers = 0..self.stack.diff_ids().len();
        Request {
            ids: &self.ids,
            diff_ids: self.stack.diff_ids(),
            sized: layers
                .take_while(|layer| self.stack.tar_size(*layer).is_some())
                .count(),
            tags: &self.tags,
            guarded: &self.guarded,
            bases,
        }
    }

    /// What the engine may call it: its tags, then its IDs.
    fn names(&self) -> Vec<String> {
        let tags = self.tags.iter().map(Reference::to_string);
        tags.chain(self.ids().map(|id| id.to_string())).collect()
    }

    /// The digests under which an engine may know it.
    pub(crate) fn ids(&self) -> impl Iterator<Item = Digest> {
        let composed = self.composed.get().filter(|id| !self.ids.contains(id));
        self.ids.iter().chain(composed).copied()
    }

    /// Whether [`Self::ids`] has the digest of the manifest.
    pub(crate) fn knows_manifest(&self) -> bool {
        self.ids().nth(1).is_some()
    }

    /// Notes under which manifest the image was sent.
    pub(crate) fn was_composed(&self, manifest: Digest) {
        // Composition is deterministic.
        let _ = self.composed.set(manifest);
    }

    pub(crate) fn image(&self) -> &Image {
        self.stack.image()
    }

    /// Whether the engine's image is this one, whole: an incomplete image on a containerd store
    /// has no diff_ids.
    fn is(&self, info: &ImageInfo) -> bool {
        self.ids().any(|id| id == info.id)
            && info.diff_ids.as_deref() == Some(self.stack.diff_ids())
    }

    /// What a tag is on. `found` is the image behind each name that the engine has for it, the full name last: another name
    /// may hide that one.
    fn tag_state(&self, found: &[Option<ImageInfo>]) -> TagState {
        match found.last() {
            _ if found.iter().flatten().any(|info| !self.is(info)) => TagState::OnAnother,
            Some(Some(_)) => TagState::Set,
            _ => TagState::Free,
        }
    }

    /// The tags that are not on the image.
    pub(crate) fn missing_tags<'a>(
        &'a self,
        names: &'a NameState,
    ) -> impl Iterator<Item = &'a Reference> {
        let tags = self.tags.iter().zip(&names.tags);
        tags.filter(|(_, state)| **state != TagState::Set)
            .map(|(tag, _)| tag)
    }

    /// Whether this and another item can't be loaded together: they are the same, or want the same tag.
    pub(crate) fn conflicts(&self, other: &Self) -> bool {
        self.image().image_id == other.image().image_id
            || self.tags.iter().any(|tag| other.tags.contains(tag))
    }
}

/// The images that the image of an entry may stand on, if they matter to the engine.
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
    });
    bases.collect()
}

/// What the engine has under every name of these items.
pub(crate) fn look(engine: &Engine, items: &[&Item]) -> Result<Vec<NameState>, engine::Error> {
    look_by(engine, items, usize::MAX)
}

/// What it has under their tags alone, or under an ID if they have none: enough to see that all is there.
pub(crate) fn look_by_tags(
    engine: &Engine,
    items: &[&Item],
) -> Result<Vec<NameState>, engine::Error> {
    look_by(engine, items, 1)
}

/// Asks about each item by its tags, and by more names if they are fewer than `least`.
fn look_by(
    engine: &Engine,
    items: &[&Item],
    least: usize,
) -> Result<Vec<NameState>, engine::Error> {
    let names = items.iter().map(|item| {
        let mut names = item.names();
        names.truncate(item.tags.len().max(least));
        names
    });
    let names: Vec<_> = names.collect();
    let mut infos = engine.inspect_each(&names.concat())?.into_iter();
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
    Ok(states.collect())
}
