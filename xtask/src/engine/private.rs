//! A `dockerd` of the task's own, with all its data in one folder: this machine's, or that of another system in a folder,
//! with that system's client.
//!
//! Its images are removed when it ends, or when the next one starts if the task was killed. Only `dockerd.log` stays.

use std::fs;
use std::time::Duration;

use camino::Utf8Path;
use serde_json::json;
use tempfile::TempDir;

use super::namespace::{Namespace, RESOLVER};
use super::system::{self, System};
use super::{Engine, lock};
use crate::Error;
use crate::cmd::{Cmd, tail, wait_until};
use crate::folders::{Temporary, create, remove};
use crate::packages::find;

/// How long `dockerd` may take until it answers. A second or two is usual.
const START: Duration = Duration::from_secs(60);
/// `/run` is replaced, so that the sockets that parts of the engine put there are its own.
const SCRIPT: &str = "mount -t tmpfs tmpfs /run && exec dockerd --config-file \"$1\"";

/// Starts it with its folder at `root`, and waits until it answers. It keeps images in a graph driver, or in containerd's store.
pub(crate) fn start(
    root: &Utf8Path,
    system: Option<&System>,
    containerd: bool,
) -> Result<Engine, Error> {
    let lock = lock(root)?;
    let mut refusal = Error::Wrong("no storage driver to try".into());
    for driver in drivers(system.is_some() || containerd) {
        match launch(root, system, containerd, driver) {
            Ok((mut engine, guard)) => {
                engine.guard = Some(Box::new((guard, lock)));
                return Ok(engine);
            }
            Err(error @ Error::Engine { .. }) => {
                eprintln!("engine: {error}");
                refusal = error;
            }
            Err(other) => return Err(other),
        }
    }
    Err(refusal)
}

/// Storage drivers: `dockerd`'s own choice, then those that need less of the kernel. Another system has no others, and
/// containerd's store chooses for itself.
fn drivers(only_default: bool) -> Vec<Option<&'static str>> {
    match find("fuse-overlayfs") {
        _ if only_default => vec![None],
        Some(_) => vec![None, Some("fuse-overlayfs"), Some("vfs")],
        None => vec![None, Some("vfs")],
    }
}

/// An engine, and what ends with it, in this order.
type Launched = (Engine, (Namespace, Temporary, TempDir));

fn launch(
    root: &Utf8Path,
    system: Option<&System>,
    containerd: bool,
    driver: Option<&str>,
) -> Result<Launched, Error> {
    let data = Temporary(root.join("data"));
    remove(&data.0)?;
    create(&data.0)?;
    // The kernel takes only short paths of sockets.
    let short = tempfile::Builder::new().prefix("imgpipe-engine-").tempdir();
    let short = short.map_err(Error::io("temporary folder"))?;
    let host = format!("unix://{}/docker.sock", short.path().display());
    let (config, log) = (root.join("daemon.json"), root.join("dockerd.log"));
    let mut settings = json!({
        "data-root": data.0, "exec-root": "/run/docker", "pidfile": "/run/docker.pid",
        "hosts": [host], "dns": [RESOLVER],
        // The other driver asks an init system, which does not know the namespace's process numbers.
        "exec-opts": ["native.cgroupdriver=cgroupfs"],
    });
    if let Some(driver) = driver {
        settings["storage-driver"] = json!(driver);
    }
    if containerd {
        settings["features"] = json!({"containerd-snapshotter": true});
    }
    fs::write(&config, settings.to_string()).map_err(Error::io(&config))?;
    fs::write(&log, "").map_err(Error::io(&log))?;

    let (script, mut arguments) = match system {
        Some(system) => (system::INSIDE, system.arguments()),
        None => (SCRIPT, Vec::new()),
    };
    if system.is_some() {
        arguments.extend(["dockerd", "--config-file"]);
    }
    arguments.push(config.as_str());
    let namespace = Namespace::start(script, &arguments, &log)?;
    let program = match (system, namespace.process()) {
        (Some(system), Some(process)) => system.entrance(root, process, "docker")?,
        _ => "docker".into(),
    };
    let version = Cmd::of(&program).args(["--host", &host, "version"]);
    let answers = wait_until(START, || Ok(version.succeeds()? || !namespace.is_alive()))?;
    if !answers || !namespace.is_alive() {
        let end = fs::read_to_string(&log).ok().as_deref().and_then(tail);
        return Err(Error::Engine {
            what: format!(
                "the private dockerd (storage driver: {}) does not answer; the end of its log:\n{}",
                driver.unwrap_or("default"),
                end.unwrap_or_default()
            ),
            hint: format!(
                "see {log}; or start an engine, and check that `docker version` shows a server"
            ),
        });
    }
    eprintln!("engine: {host} answers");
    let mut engine = Engine::new(program);
    engine.variables.push(("DOCKER_HOST", host));
    Ok((engine, (namespace, data, short)))
}
