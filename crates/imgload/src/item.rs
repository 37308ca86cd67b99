//! An image on its way into the engine, and what the engine holds of it.

use std::sync::{Arc, OnceLock};

use archive::compose::manifest_digest;
use archive::{Archive, Image, Stack};
use engine::{Engine, ImageInfo};
use naming::{Digest, Reference};

use crate::choice::Choice;
use crate::presence::Presence;

/// One image of an archive, and its tags.
#[derive(Debug)]
pub(crate) struct Item {
    /// The image, as far as its own archive holds it.
    pub stack: Stack,
    pub tags: Vec<Reference>,
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
            stack,
        })
    }

    /// What the engine may call it: its tags, then its IDs.
    fn names(&self) -> Vec<String> {
        let tags = self.tags.iter().map(Reference::to_string);
        tags.chain(self.ids().map(|id| id.to_string())).collect()
    }

    fn ids(&self) -> impl Iterator<Item = Digest> {
        let composed = self.composed.get().filter(|id| !self.ids.contains(id));
        self.ids.iter().chain(composed).copied()
    }

    /// Notes under which manifest the image was sent.
    pub(crate) fn was_composed(&self, manifest: Digest) {
        // Whatever is sent twice is composed alike.
        let _ = self.composed.set(manifest);
    }

    /// The ID under which an engine holds the image, if it does, under whatever tag or none.
    pub(crate) fn held_as(&self, presence: &Presence) -> Option<Digest> {
        self.ids()
            .find(|id| presence.image(*id) == Some(self.stack.diff_ids()))
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

    /// Whether this and another item can't be loaded together: they are the same, or want the same tag.
    pub(crate) fn conflicts(&self, other: &Self) -> bool {
        self.image().image_id == other.image().image_id
            || self.tags.iter().any(|tag| other.tags.contains(tag))
    }
}

/// What the engine held of an item at one moment.
#[derive(Debug)]
pub(crate) struct Seen {
    /// For each tag, the image behind it.
    tagged: Vec<Option<ImageInfo>>,
    /// The engine's ID of the very image, under whatever tag or none.
    pub id: Option<Digest>,
    /// Whether every tag is on the very image.
    pub complete: bool,
}

/// What the engine knows of these items, by every name.
pub(crate) fn look(engine: &Engine, items: &[&Item]) -> Result<Vec<Seen>, engine::Error> {
    let names = items.iter().map(|item| (*item, item.names()));
    let names: Vec<_> = names.collect();
    let infos = engine.inspect(&flat(&names))?;
    Ok(seen(&names, infos))
}

/// What it knows of them by their tags, or where they have none, by ID: enough to see that all is there. It is
/// not asked first who it is; with the answer comes whether that is beyond doubt.
pub(crate) fn look_once(
    engine: &Engine,
    items: &[&Item],
) -> Result<(Vec<Seen>, bool), engine::Error> {
    let names = items.iter().map(|item| {
        let mut names = item.names();
        names.truncate(item.tags.len().max(1));
        (*item, names)
    });
    let names: Vec<_> = names.collect();
    let (infos, certain) = engine.inspect_once(&flat(&names))?;
    Ok((seen(&names, infos), certain))
}

fn flat(names: &[(&Item, Vec<String>)]) -> Vec<String> {
    names.iter().flat_map(|(_, names)| names.clone()).collect()
}

fn seen(asked: &[(&Item, Vec<String>)], infos: Vec<Option<ImageInfo>>) -> Vec<Seen> {
    let mut infos = infos.into_iter();
    let seen = asked.iter().map(|(item, names)| {
        let mut tagged: Vec<_> = infos.by_ref().take(names.len()).collect();
        let by_id = tagged.split_off(item.tags.len());
        let mut all = tagged.iter().chain(&by_id).flatten();
        let id = all.find(|info| item.is(info)).map(|info| info.id);
        let all_tags = tagged
            .iter()
            .all(|info| info.as_ref().is_some_and(|info| item.is(info)));
        Seen {
            complete: all_tags && id.is_some(),
            tagged,
            id,
        }
    });
    seen.collect()
}

impl Seen {
    /// The first tag that another image has.
    pub(crate) fn taken<'a>(&self, item: &'a Item) -> Option<&'a Reference> {
        let mut tags = item.tags.iter().zip(&self.tagged);
        let taken = tags.find(|(_, info)| info.as_ref().is_some_and(|info| !item.is(info)));
        taken.map(|(tag, _)| tag)
    }

    /// Each tag of the item, and the ID of the image that had it.
    pub(crate) fn tags<'a>(
        &self,
        item: &'a Item,
    ) -> impl Iterator<Item = (&'a Reference, Option<Digest>)> {
        let ids = self
            .tagged
            .iter()
            .map(|info| info.as_ref().map(|info| info.id));
        item.tags.iter().zip(ids)
    }
}
