//! The registry as this process knows it: a text that was parsed before means what it meant then.
//!
//! Commands read the registry several times, since others write it in between. Mostly nobody does, and of ten thousand
//! entries the parsing takes longer than all the rest.

use std::sync::{Arc, Mutex, PoisonError};

use camino::Utf8Path;

use crate::{Error, Registry};

/// The last registry that was parsed or written, without the uses that are counted beside it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known(Arc<Mutex<Option<Registry>>>);

impl Known {
    /// [`Registry::parse`], unless it is the text that is known.
    pub fn parse(&self, path: &Utf8Path, text: String) -> Result<Registry, Error> {
        // Held meanwhile: who reads at the same time reads the same.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.as_ref().filter(|known| known.text() == text) {
            return Ok(known.clone());
        }
        // Two at a time are not needed.
        *known = None;
        let registry = Registry::parse(path, text)?;
        *known = Some(registry.clone());
        Ok(registry)
    }

    /// Takes a registry for what the file says from now on, as far as it does.
    pub fn remember(&self, registry: Registry) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(registry);
    }
}

#[cfg(test)]
mod tests;
