//! Whether this process is changing a store.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::{Error, Lock};

static WRITERS: AtomicUsize = AtomicUsize::new(0);

static STOPPED: AtomicBool = AtomicBool::new(false);

/// The held lock of the registry.
#[derive(Debug)]
pub(crate) struct Writing {
    _lock: Lock,
}

impl Writing {
    pub(crate) fn start(lock: Lock) -> Result<Self, Error> {
        WRITERS.fetch_add(1, Ordering::SeqCst);
        let writing = Self { _lock: lock };
        // Checked after the count is raised. A process that ends sets the flag first and reads the count then,
        // so no writer slips through.
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

/// Whether this process holds a registry's lock. Before the process ends, let it finish: otherwise removed files would
/// not be reported.
pub fn is_writing() -> bool {
    WRITERS.load(Ordering::SeqCst) > 0
}

/// Prevents new changes of a store, because the process is about to end. Running changes continue, see [`is_writing`].
pub fn stop_writing() {
    STOPPED.store(true, Ordering::SeqCst);
}
