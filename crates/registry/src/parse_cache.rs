//! Remembers the last parsed registry: an unchanged text is not parsed again.
//!
//! Commands read the registry several times, because others write it in between. Usually it did not change. With ten
//! thousand entries, parsing takes longer than everything else.

use std::sync::{Arc, Mutex, PoisonError};

use camino::Utf8Path;

use crate::{Error, Registry};

/// The last parsed or written registry, without the uses of [`Usage::Local`](crate::Usage::Local).
#[derive(Debug, Clone, Default)]
pub(crate) struct ParseCache(Arc<Mutex<Option<Registry>>>);

impl ParseCache {
    /// [`Registry::parse`], unless the text is known.
    pub fn parse(&self, path: &Utf8Path, text: String) -> Result<Registry, Error> {
        // The lock is held during the parse, so parallel readers parse once.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.as_ref().filter(|known| known.text() == text) {
            return Ok(known.clone());
        }
        // Free the old one first: two need twice the memory.
        *known = None;
        let registry = Registry::parse(path, text)?;
        *known = Some(registry.clone());
        Ok(registry)
    }

    /// Remembers a registry that was written.
    pub fn remember(&self, registry: Registry) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(registry);
    }
}

#[cfg(test)]
mod tests;
