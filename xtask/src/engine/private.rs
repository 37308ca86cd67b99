//! A `dockerd` of the task's own, with all its data in one folder: this machine's, or that of another system in a folder,
//! with that system's client.
//!
//! It runs in its own namespaces, so that it leaves no trace on the host. If its first process ends, the kernel ends all others
//! in there, and removes their mounts, bridge and firewall rules. A system engine that runs at the same time keeps its `docker0`,
//! firewall chains and `/run/docker`. The images are removed when it ends, or when the next one starts if the task was killed.
//! Only `dockerd.log` stays.

use std::fs;
use std::time::Duration;

use camino::Utf8Path;
use process::{Running, SIGTERM};
use serde_json::json;
use tempfile::TempDir;

use super::system::DebianSystem;
use super::{TestEngine, lock};
use crate::Error;
use crate::cmd::{Cmd, sh, tail, wait_until};
use crate::folders::{TemporaryFolder, create, remove};
use crate::packages::{find, system_path};

/// How long `dockerd` may take until it answers. A second or two is usual.
const START: Duration = Duration::from_secs(60);
/// `/run` is replaced, so that the sockets that parts of the engine put there are its own.
/// The machine's 127.0.0.1 is 10.0.2.2 there, and the engine reaches registries on it by their own address.
const SCRIPT: &str = "
mount -t tmpfs tmpfs /run &&
echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet &&
iptables -t nat -A OUTPUT -d 127.0.0.1 -p tcp -j DNAT --to-destination 10.0.2.2 &&
iptables -t nat -A POSTROUTING -o tap0 -s 127.0.0.1 -j SNAT --to-source 10.0.2.100 &&
exec \"$@\"";

/// Starts it with its folder at `root`, and waits until it answers. It keeps images in a graph driver, or in containerd's store.
pub(crate) fn start(
    root: &Utf8Path,
    system: Option<&DebianSystem>,
    containerd: bool,
) -> Result<TestEngine, Error> {
    let lock = lock(root)?;
    let fuse = find("fuse-overlayfs").map(|_| Some("fuse-overlayfs"));
    // `dockerd`'s own choice first, then drivers that need less of the kernel.
    let drivers = [Some(None), fuse, Some(Some("vfs"))];
    // Another system has no others, and containerd's store chooses for itself.
    let only_default = system.is_some() || containerd;
    let tried = if only_default {
        &drivers[..1]
    } else {
        &drivers
    };
    let mut refusal = Error::Wrong("no storage driver to try".into());
    for driver in tried.iter().flatten() {
        match launch(root, system, containerd, *driver) {
            Ok((mut engine, guard)) => {
                engine.guard = Some(Box::new((guard, lock)));
                return Ok(engine);
            }
            Err(error @ Error::Engine(..)) => {
                eprintln!("engine: {error}");
                refusal = error;
            }
            Err(other) => return Err(other),
        }
    }
    Err(refusal)
}

/// An engine, and what ends with it, in this order.
type Launched = (TestEngine, (Running, TemporaryFolder, TempDir));

fn launch(
    root: &Utf8Path,
    system: Option<&DebianSystem>,
    containerd: bool,
    driver: Option<&str>,
) -> Result<Launched, Error> {
    let data = TemporaryFolder(root.join("data"));
    remove(&data.0)?;
    create(&data.0)?;
    // The kernel takes only short paths of sockets.
    let short = tempfile::Builder::new().prefix("imgpipe-engine-").tempdir();
    let short = short.map_err(Error::io("temporary folder"))?;
    let host = format!("unix://{}/docker.sock", short.path().display());
    let [config, log, pid] = ["daemon.json", "dockerd.log", "data/pid"].map(|name| root.join(name));
    let mut settings = json!({
        "data-root": data.0, "exec-root": "/run/docker", "pidfile": "/run/docker.pid", "hosts": [host],
        // `slirp4netns` answers name queries here, with the host's resolver.
        "dns": ["10.0.2.3"],
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

    let inside = system.map_or_else(|| vec!["sh", "-c", SCRIPT, "sh"], DebianSystem::inside);
    let start = sh(include_str!("namespace.sh")).arg(&pid).args(inside);
    let start = start.args(["dockerd", "--config-file", config.as_str()]);
    let running = start.variable("PATH", system_path()).start(&log, SIGTERM)?;
    let process = format!("$(cat '{pid}')");
    let program = system.map(|system| system.entrance(root, &process, "docker"));
    let program = program.transpose()?.unwrap_or_else(|| "docker".into());

    let version = Cmd::of(&program).args(["--host", &host, "version"]);
    let is_alive = || running.child().pid().is_some();
    let answers = wait_until(START, || Ok(version.succeeds()? || !is_alive()))?;
    if !answers || !is_alive() {
        let end = fs::read_to_string(&log).ok().as_deref().and_then(tail);
        let what = format!(
            "the private dockerd (storage driver: {}) does not answer; the end of its log:\n{}",
            driver.unwrap_or("default"),
            end.unwrap_or_default()
        );
        let hint = "in a container, run it privileged and with `/dev/net/tun`; or start an engine yourself";
        return Err(Error::engine(what, hint));
    }
    eprintln!("engine: {host} answers");
    let mut engine = TestEngine::of(program);
    engine.variables.push(("DOCKER_HOST", host));
    // Empty, they are off.
    for name in ["DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"] {
        engine.variables.push((name, String::new()));
    }
    Ok((engine, (running, data, short)))
}
