//! Whether this process is changing a store.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::Lock;

static WRITERS: AtomicUsize = AtomicUsize::new(0);

/// The registry's lock, held.
#[derive(Debug)]
pub(crate) struct Writing {
    _lock: Lock,
}

impl Writing {
    pub(crate) fn start(lock: Lock) -> Self {
        WRITERS.fetch_add(1, Ordering::SeqCst);
        Self { _lock: lock }
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
