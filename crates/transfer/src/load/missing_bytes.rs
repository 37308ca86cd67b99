//! How much of a registered image an engine lacks, without loading it.

use std::sync::Arc;

use archive::Archive;
use failure::Failure;
use registry::{Entry, Registry, Store};

use crate::load::choice::Choice;
use crate::load::decide::present_layers;
use crate::load::engine_state::EngineState;
use crate::load::item::{Item, bases};

impl EngineState {
    /// The uncompressed bytes of the layers that would have to be sent; where a length is not known without reading the
    /// layer, the bytes that it is stored in. Zero for an image that the engine has.
    pub fn missing_bytes(
        &self,
        store: &Store,
        registry: &Registry,
        entry: &Entry,
    ) -> Result<u64, Failure> {
        let file = store.path(&entry.file)?;
        let archive = Arc::new(Archive::open(&file.absolute())?);
        let image = thin::the_registered(archive.images(), entry)?;
        let Some(mut item) = Item::new(&archive, Choice::new(image)) else {
            return Ok(0);
        };
        if self.has(&item.request(&[])) {
            return Ok(0);
        }
        item.stack = thin::complete(store, registry, item.stack)?;
        let bases = bases(store, registry, entry, self);
        let present = present_layers(&item.request(&bases), self);
        let layers = item.image().layers.iter().enumerate().skip(present);
        let length = |(layer, own): (usize, &archive::Layer)| {
            item.stack.tar_size(layer).unwrap_or(own.stored_size)
        };
        Ok(layers.map(length).sum())
    }
}
