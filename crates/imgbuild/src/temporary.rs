//! Tags that live only while an image is built.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use cli::Failure;
use engine::Engine;
use naming::{ImageName, Reference};

/// Folder of the references under which images are built.
const FOLDER: &str = "imgpipe-build";

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// A tag of this process alone, removed from the engine when it is dropped. An image that bears
/// no other tag goes with it: so a build that fails its checks leaves nothing in the engine.
pub(crate) struct TemporaryTag<'a> {
    engine: &'a Engine,
    reference: Reference,
}

impl<'a> TemporaryTag<'a> {
    pub(crate) fn new(engine: &'a Engine, name: &ImageName) -> Result<Self, Failure> {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        // Process numbers come again, and one that was killed leaves its tag behind.
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |now| now.as_nanos());
        let reference = format!("{FOLDER}/{name}:{}-{number}-{now:x}", std::process::id());
        let reference = reference.parse()?;
        Ok(Self { engine, reference })
    }

    pub(crate) fn reference(&self) -> &Reference {
        &self.reference
    }
}

impl Drop for TemporaryTag<'_> {
    fn drop(&mut self) {
        // Not there when the build failed before it tagged anything.
        let _ = self.engine.untag(&self.reference);
    }
}
