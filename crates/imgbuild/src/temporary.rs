//! Tags that live only while an image is built.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use engine::{Engine, TemporaryTag};
use failure::Failure;
use naming::ImageName;

/// Folder of the references under which images are built.
const FOLDER: &str = "imgpipe-build";

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// A tag of this build alone: so a build that fails its checks leaves nothing in the engine.
pub(crate) fn tag(engine: &Engine, name: &ImageName) -> Result<TemporaryTag, Failure> {
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    // Process numbers come again, and one that was killed leaves its tag behind.
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |now| now.as_nanos());
    let reference = format!("{FOLDER}/{name}:{}-{number}-{now:x}", std::process::id());
    Ok(TemporaryTag::new(engine, reference.parse()?))
}
