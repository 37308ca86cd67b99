//! How much of a registered image an engine lacks, without loading it.

use std::sync::Arc;

use archive::Archive;
use engine::Engine;
use failure::Failure;
use registry::{Entry, Registry, Store};

use crate::load::choice::Choice;
use crate::load::item::Item;
use crate::load::presence::Presence;

/// What an engine held when it was asked.
pub struct Lacking {
    presence: Presence,
}

impl Lacking {
    /// Asks the engine.
    pub fn of(engine: &Engine) -> Result<Self, Failure> {
        Ok(Self {
            presence: Presence::of(engine)?,
        })
    }

    /// The uncompressed bytes of the layers that would have to be sent; where a length is not known without reading the
    /// layer, the bytes that it is stored in. Zero for an image that the engine has.
    pub fn bytes(&self, store: &Store, registry: &Registry, entry: &Entry) -> Result<u64, Failure> {
        let file = store.path(&entry.file)?;
        let archive = Arc::new(Archive::open(&file.absolute())?);
        let image = thin::the_registered(archive.images(), entry)?;
        let Some(item) = Item::new(&archive, Choice::new(image)) else {
            return Ok(0);
        };
        if item.held_as(&self.presence).is_some() {
            return Ok(0);
        }
        let stack = thin::complete(store, registry, item.stack)?;
        let bases = match self.presence.needs_bases() {
            true => thin::ancestors(store, registry, entry),
            false => Vec::new(),
        };
        let present = self.presence.layers(&stack, &bases);
        let layers = stack.image().layers.iter().enumerate().skip(present);
        let length = |(layer, own): (usize, &archive::Layer)| {
            stack.tar_size(layer).unwrap_or(own.stored_size)
        };
        Ok(layers.map(length).sum())
    }

    /// Whether the engine holds the image that an entry names, as far as that can be told without its archive: by its
    /// identity, which an engine with a containerd store does not know.
    pub fn holds(&self, entry: &Entry) -> bool {
        entry
            .image_id
            .is_some_and(|id| self.presence.image(id).is_some())
    }
}
