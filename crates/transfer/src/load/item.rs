//! An image on its way into the engine, and what the engine holds of it.

use std::sync::{Arc, OnceLock};

use archive::compose::manifest_digest;
use archive::{Archive, Image, Stack};
use engine::{Engine, ImageInfo};
use naming::{Digest, Reference};

use crate::load::choice::Choice;
use crate::load::presence::Presence;

/// One image of an archive, and its tags.
#[derive(Debug)]
pub(crate) struct Item {
    /// The image, as far as its own archive holds it.
    pub stack: Stack,
    /// Its tags, without digests.
    pub tags: Vec<Reference>,
    /// Those that it may not take from another image.
    guarded: Vec<Reference>,
    /// The digests under which engines know the image: its config's, and on containerd stores its
    /// manifest's as we compose it.
    ids: Vec<Digest>,
    /// The manifest that was composed, of which nothing was known before where layers were compressed elsewhere.
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

    /// The ID under which an engine holds the image, if it does, under any tag or none.
    pub(crate) fn held_as(&self, presence: &Presence) -> Option<Digest> {
        self.ids()
            .find(|id| presence.image(*id) == Some(self.stack.diff_ids()))
    }

    /// Whether it may take each of its tags from another image.
    pub(crate) fn takes_all(&self) -> bool {
        self.guarded.is_empty()
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

    /// Whether a tag is on the very image: under its full name, and under any name that would hide it.
    fn has(&self, found: &[Option<ImageInfo>]) -> bool {
        found.last().is_some_and(Option::is_some) && !self.is_on_another(found)
    }

    /// Whether another image has a tag, under any name.
    fn is_on_another(&self, found: &[Option<ImageInfo>]) -> bool {
        found.iter().flatten().any(|info| !self.is(info))
    }

    /// Whether this and another item can't be loaded together: they are the same, or want the same tag.
    pub(crate) fn conflicts(&self, other: &Self) -> bool {
        self.image().image_id == other.image().image_id
            || self.tags.iter().any(|tag| other.tags.contains(tag))
    }
}

/// What the engine held of an item at one moment.
#[derive(Debug)]
pub(crate) struct EngineState {
    /// For each tag, the image behind each name that the engine has for it, the full name last.
    tagged: Vec<Vec<Option<ImageInfo>>>,
    /// The engine's ID of the very image, under any tag or none.
    pub id: Option<Digest>,
    /// Whether every tag is on the very image.
    pub complete: bool,
}

/// What the engine knows of these items, by every name.
pub(crate) fn look(engine: &Engine, items: &[&Item]) -> Result<Vec<EngineState>, engine::Error> {
    states(engine, items, usize::MAX)
}

/// What it knows of them by their tags alone, or by ID if they have none: enough to see that all is there.
pub(crate) fn look_by_tags(
    engine: &Engine,
    items: &[&Item],
) -> Result<Vec<EngineState>, engine::Error> {
    states(engine, items, 1)
}

/// Asks about each item by its tags, and by more names if they are fewer than `least`.
fn states(
    engine: &Engine,
    items: &[&Item],
    least: usize,
) -> Result<Vec<EngineState>, engine::Error> {
    let names = items.iter().map(|item| {
        let mut names = item.names();
        names.truncate(item.tags.len().max(least));
        names
    });
    let names: Vec<_> = names.collect();
    let mut infos = engine.inspect_each(&names.concat())?.into_iter();
    let states = items.iter().zip(&names).map(|(item, names)| {
        let mut tagged: Vec<_> = infos.by_ref().take(names.len()).collect();
        let by_id = tagged.split_off(item.tags.len());
        let mut all = tagged.iter().chain(&by_id).flatten().flatten();
        let id = all.find(|info| item.is(info)).map(|info| info.id);
        let complete = tagged.iter().all(|found| item.has(found));
        EngineState {
            complete: complete && id.is_some(),
            tagged,
            id,
        }
    });
    Ok(states.collect())
}

impl EngineState {
    /// The first guarded tag that another image has.
    pub(crate) fn taken<'a>(&self, item: &'a Item) -> Option<&'a Reference> {
        let mut tags = item.tags.iter().zip(&self.tagged);
        let taken =
            tags.find(|(tag, found)| item.guarded.contains(tag) && item.is_on_another(found));
        taken.map(|(tag, _)| tag)
    }

    /// The tags that are not on the very image.
    pub(crate) fn missing_tags<'a>(&self, item: &'a Item) -> impl Iterator<Item = &'a Reference> {
        let tags = item.tags.iter().zip(&self.tagged);
        tags.filter(|(_, found)| !item.has(found))
            .map(|(tag, _)| tag)
    }
}
