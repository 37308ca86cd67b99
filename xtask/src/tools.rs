//! Cargo's additional commands: installed by the user, or built once below the target folder.

use camino::{Utf8Path, Utf8PathBuf};

use crate::Error;
use crate::cmd::{Cmd, cargo};
use crate::folders::workspace;

/// The user's own program, else one of this version from crates.io. `None` if it can't be built here.
pub(crate) fn find_or_build(
    target: &Utf8Path,
    name: &str,
    version: &str,
) -> Result<Option<Cmd>, Error> {
    let tools = target.join("tools");
    let own = tools.join("bin").join(name);
    let command = |program: Utf8PathBuf| Cmd::of(program).folder(workspace());
    for program in [Utf8PathBuf::from(name), own.clone()] {
        let program = command(program);
        if program.clone().arg("--version").succeeds()? {
            return Ok(Some(program));
        }
    }
    eprintln!("building {name} {version}, once");
    // It runs for a few seconds, and optimising it takes minutes.
    let install = cargo("install --quiet --locked --debug").args(["--version", version, "--root"]);
    match install.args([tools.as_str(), name]).run() {
        Ok(()) => Ok(Some(command(own))),
        Err(Error::Failed { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}
