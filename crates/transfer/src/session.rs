//! What every transfer works with.

use std::time::Duration;

use engine::Engine;
use registry::Store;
use ui::Reporter;

/// The store, the engine, and where progress goes.
#[derive(Clone, Copy)]
pub struct Session<'a> {
    /// Where archives and entries are.
    pub store: &'a Store,
    /// Where images are loaded and saved. A fetch asks it only for containers, to make room.
    pub engine: &'a Engine,
    /// Where progress and warnings go.
    pub reporter: &'a Reporter,
    /// How long to wait for another command's lock.
    pub lock_timeout: Duration,
}
