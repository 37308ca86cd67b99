//! Temporary tags of this process.
//!
//! They are in one list. So a process can remove them on exit, even if its main thread is busy (a flush to disk cannot
//! be interrupted).

use std::sync::{Mutex, MutexGuard, PoisonError};

use naming::Reference;
use process::Cleaning;

use crate::{Engine, spool};

static LIVE: Mutex<Vec<(Engine, Reference)>> = Mutex::new(Vec::new());

fn live() -> MutexGuard<'static, Vec<(Engine, Reference)>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A tag that is removed from the engine on drop, also after an interruption. If it is the last tag of an image, the
/// image is removed too.
#[derive(Debug)]
pub struct TemporaryTag {
    reference: Reference,
}

impl TemporaryTag {
    /// Manages an unused tag, which may or may not exist yet.
    pub fn new(engine: &Engine, reference: Reference) -> Self {
        process::on_clean_up(remove_temporary);
        live().push((engine.clone(), reference.clone()));
        Self { reference }
    }

    /// The tag.
    pub fn reference(&self) -> &Reference {
        &self.reference
    }
}

impl Drop for TemporaryTag {
    fn drop(&mut self) {
        let _cleaning = Cleaning::start();
        let mut live = live();
        let place = live.iter().position(|(_, tag)| *tag == self.reference);
        let Some((engine, reference)) = place.map(|place| live.swap_remove(place)) else {
            return;
        };
        drop(live);
        // There is no such tag if a build failed before it tagged an image.
        let _ = engine.untag(&reference);
    }
}

/// Removes the temporary folders and tags of this process. Use it before the process exits without drops.
pub(crate) fn remove_temporary() {
    let _cleaning = Cleaning::start();
    spool::remove_all();
    let left = std::mem::take(&mut *live());
    for (engine, reference) in left {
        let _ = engine.untag(&reference);
    }
}
