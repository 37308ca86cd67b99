//! Removes leftovers of interrupted builds from the engine.

use std::sync::{Mutex, PoisonError};

use engine::{InterruptedBuild, Notes};
use prune::Pruner;
use registry::Store;

use crate::Builder;

/// Notes a build's possible leftovers in a store.
#[derive(Debug)]
pub(crate) struct Noted<'a> {
    store: &'a Store,
    last: Mutex<Option<registry::BuildNote<InterruptedBuild>>>,
}

impl<'a> Noted<'a> {
    pub(crate) fn in_store(store: &'a Store) -> Self {
        Self {
            store,
            last: Mutex::default(),
        }
    }
}

impl Notes for Noted<'_> {
    fn note(&self, build: &InterruptedBuild) -> bool {
        let noted = self.store.note_build(build.clone()).ok();
        let is_noted = noted.is_some();
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = noted;
        is_noted
    }

    fn forget(&self) {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // If the note stays, a later command handles it.
        drop(last.as_ref().map(registry::BuildNote::forget));
    }
}

impl Builder<'_> {
    /// Removes leftovers of earlier builds. Call it after this call's own builds, which may have used them.
    pub(crate) fn remove_interrupted(&self) {
        if ui::interrupted() {
            return;
        }
        let pruner = Pruner {
            store: self.store,
            engine: Some(self.engine),
            reporter: self.reporter,
            lock_timeout: self.lock_timeout,
        };
        if let Err(failure) = pruner.remove_interrupted(false) {
            let message = format!("cannot remove the steps of an interrupted build: {failure}");
            self.reporter.detail(message);
        }
    }
}
