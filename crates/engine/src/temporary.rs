//! Tags that this process gives for a while.
//!
//! They are on one list, so that a process that has to end while its main thread is busy with something else (a flush
//! to disk can't be cut short) takes them away all the same.

use std::sync::{Mutex, MutexGuard, PoisonError};

use naming::Reference;
use process::Cleaning;

use crate::{Engine, spool};

static LIVE: Mutex<Vec<(Engine, Reference)>> = Mutex::new(Vec::new());

fn live() -> MutexGuard<'static, Vec<(Engine, Reference)>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A tag that is taken from the engine when this is dropped, also after an interruption. An image that bears no other
/// goes with it.
#[derive(Debug)]
pub struct TemporaryTag {
    reference: Reference,
}

impl TemporaryTag {
    /// Looks after a tag that nobody else uses, whether anything bears it yet or not.
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
        // Nothing bears it where a build failed before it tagged anything.
        let _ = engine.untag(&reference);
    }
}

/// Takes away the temporary folders and tags of this process. For the moment before it ends without dropping what it holds.
pub(crate) fn remove_temporary() {
    let _cleaning = Cleaning::start();
    spool::remove_all();
    let left = std::mem::take(&mut *live());
    for (engine, reference) in left {
        let _ = engine.untag(&reference);
    }
}
