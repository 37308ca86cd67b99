//! Checks that the files are reproducible, and that the package can be installed and removed.

use std::fs;

use camino::Utf8Path;

use super::SUMS;
use crate::cmd::{cargo, cmd};
use crate::engine::TestEngine;
use crate::folders::{cache, remove, workspace};
use crate::{Error, debian};

/// Makes everything again from a clone in another folder, with its own target folder, and compares the checksums.
pub(super) fn reproduce(target: &Utf8Path) -> Result<(), Error> {
    let changed = cmd("git status --porcelain").folder(workspace()).read()?;
    if !changed.is_empty() {
        let what = format!("a clone lacks the uncommitted changes:\n{changed}");
        return Err(Error::missing(what, "commit them first"));
    }
    let folder = target.join("dist-again");
    remove(&folder)?;
    // The path has another length, and spaces.
    let clone = folder.join("a clone somewhere else");
    let git = cmd("git clone --quiet --shared").args([workspace(), &clone]);
    git.run_quietly()?;
    eprintln!("making everything again in {clone}");
    let own = clone.join("target");
    let again = cargo("run --quiet --locked --package xtask -- dist").folder(&clone);
    // The tools need not be built again.
    let path = format!("{target}/tools/bin:{}", crate::packages::system_path());
    again
        .variable("CARGO_TARGET_DIR", own.as_str())
        .variable("PATH", path)
        .run()?;
    let sums = |target: &Utf8Path| {
        let path = target.join("dist").join(SUMS);
        fs::read_to_string(&path).map_err(Error::io(path))
    };
    let (first, second) = (sums(target)?, sums(&own)?);
    if first != second {
        let what = format!("the files differ:\n{first}made again in {clone}:\n{second}");
        return Err(Error::Wrong(what));
    }
    eprintln!("the files are the same to the last byte");
    remove(&folder).map(drop)
}

/// Installs and removes the package in a container.
pub(super) fn install(target: &Utf8Path, commands: &[String]) -> Result<(), Error> {
    let engine = TestEngine::find_or_start(target)?;
    let base = debian::base(&engine, &cache(target), debian::TEST_IMAGE)?;
    let names = crate::files::files(&target.join("dist"))?;
    for package in names.iter().filter(|name| name.extension() == Some("deb")) {
        eprintln!("installing {package} in {base}");
        let path = target.join("dist").join(package);
        let bytes = fs::read(&path).map_err(Error::io(path))?;
        let run = engine.cmd("run --rm -i --network=none").args([
            &base,
            "sh",
            "-c",
            include_str!("check.sh"),
            "check",
        ]);
        run.args(commands).input(bytes).run()?;
    }
    Ok(())
}
