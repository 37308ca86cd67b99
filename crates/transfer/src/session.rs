//! The common context of all transfers.

use std::time::Duration;

use engine::Engine;
use registry::Store;
use ui::Reporter;

/// The store, the engine, and the reporter of progress.
#[derive(Clone, Copy)]
pub struct Session<'a> {
    /// The archives and entries.
    pub store: &'a Store,
    /// Loads and saves images. A fetch uses it only to list containers, to make room.
    pub engine: &'a Engine,
    /// Reports progress and warnings.
    pub reporter: &'a Reporter,
    /// The timeout for another command's lock.
    pub lock_timeout: Duration,
}
