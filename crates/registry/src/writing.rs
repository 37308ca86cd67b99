//! Whether this process is changing a store.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::{Error, Lock};

static WRITERS: AtomicUsize = AtomicUsize::new(0);

static STOPPED: AtomicBool = AtomicBool::new(false);

/// The registry's lock, held.
#[derive(Debug)]
pub(crate) struct Writing {
    _lock: Lock,
}

impl Writing {
    pub(crate) fn start(lock: Lock) -> Result<Self, Error> {
        WRITERS.fetch_add(1, Ordering::SeqCst);
        let writing = Self { _lock: lock };
        // Looked at after it is counted, as `stop_writing` counts after it has said so: none slips through.
        match STOPPED.load(Ordering::SeqCst) {
            true => Err(Error::Stopped),
            false => Ok(writing),
        }
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        WRITERS.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Whether a registry is locked by this process. Whoever is about to end lets it finish: entry and archive change
/// together anyway, but what was removed would not be said.
pub fn is_writing() -> bool {
    WRITERS.load(Ordering::SeqCst) > 0
}

/// Lets nobody in this process begin to change a store: it is about to end. What was begun goes on, as [`is_writing`] tells.
pub fn stop_writing() {
    STOPPED.store(true, Ordering::SeqCst);
}
