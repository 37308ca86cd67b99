//! The bytes of a registered image that an engine lacks. Loads no image.

use std::sync::Arc;

use archive::Archive;
use failure::Failure;
use registry::{Entry, Registry, Store};

use crate::load::choice::Choice;
use crate::load::decide::present_layers;
use crate::load::engine_state::EngineState;
use crate::load::item::{Item, bases};

impl EngineState {
    /// The stored bytes of the layers that a load would send. Zero if the engine has the image.
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
        let layers = present..item.image().layers.len();
        Ok(layers.map(|layer| item.stack.stored_size(layer)).sum())
    }
}
