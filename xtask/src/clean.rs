//! Removes what the demo, the tests and the bench keep for the next time.

use camino::Utf8Path;

use crate::engine::TestEngine;
use crate::{Error, bench, debian, demo, folders};

pub(crate) fn run(target: &Utf8Path) -> Result<(), Error> {
    demo::clean(target)?;
    if let Some(engine) = TestEngine::find()? {
        bench::remove_images(&engine)?;
        engine.remove(debian::TEST_IMAGE)?;
    }
    for folder in ["cache", "bench", "engine", "engines"].map(|name| target.join(name)) {
        if folders::remove(&folder)? {
            eprintln!("removed {folder}");
        }
    }
    Ok(())
}
