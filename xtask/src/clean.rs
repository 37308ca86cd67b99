//! Removes what the demo, the tests and the bench keep for the next time.

use camino::Utf8Path;

use crate::engine::Engine;
use crate::process::{Runner, command};
use crate::{Error, bench, debian, demo, folders};

pub(crate) fn run(runner: &Runner, target: &Utf8Path) -> Result<(), Error> {
    demo::clean(runner, target)?;
    let engine = Engine::find(runner)?;
    if let Some(engine) = &engine {
        bench::clean_images(runner, engine.program())?;
    }
    if let Some(engine) = engine
        && runner.succeeds(&command([
            engine.program(),
            "image",
            "inspect",
            debian::TEST_IMAGE,
        ]))?
    {
        runner.run_quietly(&command([engine.program(), "rmi", debian::TEST_IMAGE]))?;
        eprintln!("removed {} from the engine", debian::TEST_IMAGE);
    }
    for folder in [
        folders::cache(target),
        bench::folder(target),
        target.join("engine"),
    ] {
        remove(&folder)?;
    }
    let engines = target.join("engines");
    if engines.exists() {
        storage(&engines)?;
        eprintln!("removed {engines}");
    }
    Ok(())
}

/// Removes a folder in which a podman keeps images. Those of a user who is not root belong to many users, as whom only
/// podman itself removes them.
pub(crate) fn storage(folder: &Utf8Path) -> Result<(), Error> {
    match folders::remove(folder) {
        Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::PermissionDenied => {
            let words = ["podman", "unshare", "rm", "-rf", "--", folder.as_str()];
            Runner::default().run_quietly(&command(words))
        }
        other => other,
    }
}

/// Removes a folder, and says so; one that is not there is fine.
pub(crate) fn remove(folder: &Utf8Path) -> Result<(), Error> {
    match std::fs::remove_dir_all(folder) {
        Ok(()) => eprintln!("removed {folder}"),
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => {}
        Err(source) => {
            return Err(Error::Io {
                path: folder.into(),
                source,
            });
        }
    }
    Ok(())
}
