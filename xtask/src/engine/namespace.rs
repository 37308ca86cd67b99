//! Namespaces for the private engine, so that it leaves no trace on the host.
//!
//! The engine gets its own mounts, network and process numbers. If its first process ends, the kernel ends every other
//! process in there, and removes its mounts, bridge and firewall rules. The first process ends with the task, even if the
//! task is killed. A system engine that runs at the same time keeps its `docker0`, firewall chains and `/run/docker`.
//!
//! `slirp4netns` connects it: a network in user mode, whose connections leave as those of an ordinary process.

use std::fs;
use std::time::Duration;

use camino::Utf8Path;
use process::Running;

use crate::Error;
use crate::cmd::{cmd, wait_until};
use crate::packages::system_path;

/// `slirp4netns` answers name queries here, with the host's resolver.
pub(super) const RESOLVER: &str = "10.0.2.3";
/// How long the namespaces may take to appear.
const SETUP: Duration = Duration::from_secs(10);
/// `unshare` ignores SIGTERM. If it is killed, its child gets SIGTERM.
const START: &str = "setpriv --pdeathsig KILL unshare --mount --net --pid --fork --kill-child=SIGTERM --mount-proc sh -c";
const SIGKILL: i32 = 9;
/// Large packets are faster, and never leave the machine in this size.
const CONNECT: &str =
    "setpriv --pdeathsig KILL slirp4netns --configure --mtu=65520 --disable-host-loopback";

/// A process in its own namespaces, and its network. Both end when this is dropped.
#[derive(Debug)]
pub(super) struct Namespace {
    first: Running,
    network: Running,
}

impl Namespace {
    /// Starts a script for `sh` inside, with arguments from `$1` on. The output goes to `log`.
    pub(super) fn start(script: &str, arguments: &[&str], log: &Utf8Path) -> Result<Self, Error> {
        let path = system_path();
        let start = cmd(START)
            .args([script, "sh"])
            .args(arguments.iter().copied());
        let first = start.variable("PATH", &path).start(log, SIGKILL)?;
        let network = |process: &str| fs::read_link(format!("/proc/{process}/ns/net")).ok();
        let pid = || Some(first.child().pid()?.to_string());
        let apart = || {
            let (own, other) = (network("self"), pid().and_then(|pid| network(&pid)));
            own.is_some() && other.is_some() && own != other
        };
        wait_until(SETUP, || Ok(apart() || pid().is_none()))?;
        let (true, Some(pid)) = (apart(), pid()) else {
            return Err(Error::Engine {
                what: "a private engine needs its own namespaces, which this system refuses".into(),
                hint: "in a container, run it privileged and with `/dev/net/tun`; else start an engine yourself".into(),
            });
        };
        let connect = cmd(CONNECT).args([&pid, "tap0"]).variable("PATH", path);
        let network = connect.start(log, process::SIGTERM)?;
        Ok(Self { first, network })
    }

    /// The process in the mount namespace, with its number outside.
    pub(super) fn process(&self) -> Option<i32> {
        self.first.child().pid()
    }

    /// Whether both the process inside and its network run.
    pub(super) fn is_alive(&self) -> bool {
        self.process().is_some() && self.network.child().pid().is_some()
    }
}
