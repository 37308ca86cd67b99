//! A podman whose images, settings and state are in one folder, beside the machine's own podman.
//!
//! As root, commands that use it run in a mount and process namespace: podman leaves its storage mounted, and keeps a process
//! for each user without root. Both end with the namespace.

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use super::system::DebianSystem;
use super::{TestEngine, lock};
use crate::Error;
use crate::cmd::{Cmd, cmd, wait_until};
use crate::folders::{TemporaryFolder, create, remove};
use crate::packages::{ensure, find, is_root};

/// How long the mounts of another system may take.
const MOUNTING: Duration = Duration::from_secs(10);
/// Runs a command in namespaces that end with it.
const APART: &str = "unshare --mount --pid --fork --kill-child --mount-proc --";

/// Prepares one with its folder at `folder`: this machine's, or that of another system.
pub(crate) fn start(folder: &Utf8Path, system: Option<&DebianSystem>) -> Result<TestEngine, Error> {
    let lock = lock(folder)?;
    let data = TemporaryFolder(folder.join("data"));
    let mut engine = TestEngine::of("podman");
    let mut mounts = None;
    if let Some(system) = system {
        let mounted = system.mount(&folder.join("log"))?;
        let process = mounted.child().pid().unwrap_or_default();
        engine.program = system.entrance(folder, &process.to_string(), "podman")?;
        let version = Cmd::of(&engine.program).arg("--version");
        wait_until(MOUNTING, || version.succeeds())?;
        mounts = Some(mounted);
    } else {
        ensure("podman runc", "")?;
        if is_root() {
            engine.prefix = cmd(APART).words;
        }
    }
    let settings = |name: &str| folder.join(name).into_string();
    engine.variables = vec![
        ("CONTAINERS_STORAGE_CONF", settings("storage.conf")),
        ("CONTAINERS_CONF", settings("containers.conf")),
    ];
    let fuse = find("fuse-overlayfs").map(|program| ("overlay", Some(program)));
    let mut refusal = None;
    // The kernel's own driver first, then those that need less of it.
    let drivers = [Some(("overlay", None)), fuse, Some(("vfs", None))];
    for driver in drivers.into_iter().flatten() {
        // podman prefers the driver of existing images to the one in its settings.
        remove(&data.0)?;
        create(&data.0)?;
        settle(folder, &data.0, driver, "graphroot")?;
        refusal = engine.cmd("info").complaint()?;
        if refusal.is_none() {
            engine.guard = Some(Box::new((mounts, data, lock)));
            return Ok(engine);
        }
    }
    let what = format!("podman does not work: {}", refusal.unwrap_or_default());
    let hint = "check that `podman info` works outside of the tests";
    Err(Error::engine(what, hint))
}

/// Writes the settings; `root` is podman's name for the folder of the images. Containers use the host's network, because
/// another one would be a device of the host. Their limits stay, because raising them may not be allowed.
pub(super) fn settle(
    folder: &Utf8Path,
    data: &Utf8Path,
    (driver, program): (&str, Option<Utf8PathBuf>),
    root: &str,
) -> Result<(), Error> {
    let options = program.map_or_else(String::new, |program| {
        format!("[storage.options.overlay]\nmount_program = \"{program}\"\n")
    });
    let storage = format!(
        "[storage]\ndriver = \"{driver}\"\n{root} = \"{data}/storage\"\n\
         runroot = \"{data}/run\"\n{options}"
    );
    let containers = format!(
        "[containers]\nnetns = \"host\"\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=1024:1024\"]\n\
         [engine]\ncgroup_manager = \"cgroupfs\"\nevents_logger = \"none\"\ntmp_dir = \"{data}/tmp\"\n"
    );
    for (name, text) in [("storage.conf", storage), ("containers.conf", containers)] {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(Error::io(&path))?;
    }
    Ok(())
}
