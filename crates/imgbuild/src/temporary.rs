//! Temporary tags during a build.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use engine::{Engine, TemporaryTag};
use failure::Failure;
use naming::ImageName;

/// The folder of temporary references.
const FOLDER: &str = "imgpipe-build";

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// A tag of this build alone, so that a build that fails its checks leaves nothing in the engine.
pub(crate) fn tag(engine: &Engine, name: &ImageName) -> Result<TemporaryTag, Failure> {
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    // Process numbers are reused, and a killed build leaves its tag.
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |now| now.as_nanos());
    let reference = format!("{FOLDER}/{name}:{}-{number}-{now:x}", std::process::id());
    Ok(TemporaryTag::new(engine, reference.parse()?))
}
