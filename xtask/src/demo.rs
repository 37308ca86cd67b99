//! The whole pipeline at work, on real input: `demo.sh`.

use camino::Utf8Path;

use crate::cmd::{cargo, sh, variable};
use crate::engine::TestEngine;
use crate::folders::{cache, create, programs, remove};
use crate::{Error, debian};

/// The names of the demo's images: both images of the store, and the base, if it has to be made.
const IMAGES: [&str; 3] = [
    "imgpipe-demo-debian-12-gcc12:latest",
    "imgpipe-demo-debian-12-base:latest",
    "imgpipe-demo-debian:12",
];

/// Runs the demo.
pub(crate) fn run(target: &Utf8Path) -> Result<(), Error> {
    let engine = TestEngine::find_or_start(target)?;
    eprintln!("\n==> building the commands");
    let packages = "--package imgplan --package imgbuild --package imgload --package imgsave";
    cargo(&format!("build --quiet {packages}")).run()?;
    eprintln!("\n==> a Debian 12 to start from");
    let base = debian::base(&engine, &cache(target), IMAGES[2])?;
    eprintln!("using {base}");

    let store = target.join("demo/store");
    create(&store)?;
    let programs = programs().map_err(Error::io("the commands' folder"))?;
    let path = format!("{programs}:{}", variable("PATH").unwrap_or_default());
    let demo = engine.surround(sh(include_str!("demo.sh")).arg(base));
    let demo = demo.folder(&store).variable("PATH", path);
    let demo = demo.variable("IMG_REGISTRY", store.join("image-registry.yml"));
    demo.run()?;
    if engine.is_private() {
        eprintln!("the private engine ends now, with its images; the store stays");
    }
    eprintln!("`cargo xtask demo --clean` removes all of it");
    Ok(())
}

/// Removes the files and images of demos.
pub(crate) fn clean(target: &Utf8Path) -> Result<(), Error> {
    let folder = target.join("demo");
    if !folder.exists() {
        return Ok(());
    }
    if let Some(engine) = TestEngine::find()? {
        let mut images = IMAGES.iter();
        images.try_for_each(|image| engine.remove(image))?;
    }
    remove(&folder)?;
    eprintln!("removed {folder}");
    Ok(())
}
