//! What the engine knows about registered images: which have containers, and which are loaded.

use std::collections::{HashMap, HashSet};

use archive::{Archive, Image};
use engine::{Engine, ImageInfo, StoreKind};
use failure::Failure;
use naming::{Digest, Reference};
use registry::{Entry, Registry, Store};

use crate::alike::is_alike;

/// The engine's knowledge of the store's images.
#[derive(Debug, Default)]
pub(crate) struct EngineUses {
    /// The containers, by the engine's ID of their image.
    containers: HashMap<Digest, String>,
    /// The images with registered tags.
    tagged: HashMap<Reference, ImageInfo>,
    /// Registered images by name, if the engine uses other IDs than the registry.
    archived: HashMap<String, Image>,
    /// The names that were registered when the engine was asked; `None` without an engine.
    known: Option<HashSet<String>>,
}

impl EngineUses {
    /// Asks the engine about the images, only if it has containers or `loaded` is set. Then it asks about all tags,
    /// because an entry may lack `image_id`, and a containerd store uses another ID. One call is enough for a thousand
    /// tags.
    pub(crate) fn ask(
        engine: &Engine,
        store: &Store,
        registry: &Registry,
        loaded: bool,
    ) -> Result<Self, Failure> {
        let entries = registry.entries();
        let containers = engine.containers().map_err(|error| {
            Failure::from(error).with_hint(
                "containers may be using images; to prune without the check, use --no-engine",
            )
        })?;
        let containers: HashMap<_, _> = containers
            .into_iter()
            .map(|container| (container.image, short(&container.id)))
            .collect();
        let mut uses = Self {
            known: Some(entries.iter().map(|entry| entry.name.clone()).collect()),
            containers,
            tagged: HashMap::new(),
            archived: HashMap::new(),
        };
        if !uses.containers.is_empty() || loaded {
            let tags: Vec<_> = entries.iter().flat_map(Entry::tags).collect();
            let names = tags.iter().map(|tag| tag.engine_name().to_string());
            let names: Vec<_> = names.collect();
            let found = engine.inspect(&names)?;
            let tagged = tags
                .into_iter()
                .cloned()
                .zip(found)
                .filter_map(|(tag, info)| Some((tag, info?)));
            uses.tagged = tagged.collect();
        }
        if loaded && !uses.tagged.is_empty() && engine.store()? == StoreKind::Containerd {
            let is_tagged = |entry: &&Entry| entry.tags().any(|tag| uses.tagged.contains_key(tag));
            let entries = entries.iter().filter(is_tagged);
            let archived =
                entries.filter_map(|entry| Some((entry.name.clone(), archived(store, entry)?)));
            uses.archived = archived.collect();
        }
        Ok(uses)
    }

    /// A container of an entry's image, in any state.
    pub(crate) fn container(&self, entry: &Entry) -> Option<&str> {
        let tagged = entry
            .tags()
            .filter_map(|tag| Some(self.tagged.get(tag)?.id));
        let mut ids = entry.image_id.into_iter().chain(tagged);
        ids.find_map(|id| self.containers.get(&id))
            .map(String::as_str)
    }

    /// Whether an image of the engine has a container, in any state.
    pub(crate) fn has_container(&self, image: Digest) -> bool {
        self.containers.contains_key(&image)
    }

    /// Whether an entry was registered after the engine was asked.
    pub(crate) fn is_new(&self, entry: &Entry) -> bool {
        let known = self.known.as_ref();
        known.is_some_and(|known| !known.contains(&entry.name))
    }

    /// Whether the engine has the image under a tag of an entry. A containerd store uses the manifest's digest, which
    /// the registry does not know: then layers and settings are compared. If that is impossible, it counts as another
    /// image.
    pub(crate) fn copy(&self, entry: &Entry, tag: &Reference) -> LoadedCopy {
        let Some(info) = self.tagged.get(tag) else {
            return LoadedCopy::None;
        };
        let archived = self.archived.get(&entry.name);
        let is_archived = archived.is_some_and(|image| is_alike(image, info));
        if entry.image_id == Some(info.id) || is_archived {
            LoadedCopy::Loaded
        } else {
            LoadedCopy::Other
        }
    }
}

/// An entry's image, as its archive describes it.
fn archived(store: &Store, entry: &Entry) -> Option<Image> {
    let path = store.path(&entry.file).ok()?;
    let archive = Archive::open(&path.absolute()).ok()?;
    archive.image(entry.image_id).cloned()
}

/// The engine's image under a tag of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoadedCopy {
    /// The registered image.
    Loaded,
    /// Another image.
    Other,
    /// No image.
    None,
}

/// A container's ID as engines print it.
fn short(id: &str) -> String {
    id.chars().take(12).collect()
}
