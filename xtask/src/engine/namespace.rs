//! Namespaces for the private engine: what happens in them leaves no trace on the host.
//!
//! The engine gets its own mounts, network and process numbers. When its first process ends, the kernel
//! ends every other one in there, unmounts what was mounted and removes its bridge and firewall rules;
//! and the first process ends with the task, even if the task is killed. A system engine at work at the same time
//! keeps its `docker0`, its firewall chains and its `/run/docker` to itself.
//!
//! The way out is `slirp4netns`, a user-mode network: connections leave as ordinary ones of a host process,
//! so neither forwarding nor the packet size of the host's interface matter.

use std::io;
use std::time::Duration;

use camino::Utf8Path;
use duct::Handle;

use crate::Error;
use crate::packages::system_path;
use crate::process::{Runner, command, end_group};

/// Where `slirp4netns` answers name queries with the host's resolver; fixed by the program.
pub(crate) const RESOLVER: &str = "10.0.2.3";
/// The device it makes inside.
const DEVICE: &str = "tap0";
/// Its largest packet size: nothing leaves the machine at this size, so larger is only faster.
const MTU: &str = "65520";
/// How long the namespaces and the device may take to appear.
const SETUP: Duration = Duration::from_secs(10);
const STEP: Duration = Duration::from_millis(50);

/// A process in namespaces of its own, and its network.
#[derive(Debug)]
pub(crate) struct Namespace {
    /// `unshare`, which waits for the process inside.
    first: Handle,
    network: Option<Handle>,
}

impl Namespace {
    /// Starts `script` (for `sh`, with `arguments` from `$1` on) inside, and connects it. The output goes to `log`.
    pub(crate) fn start(
        runner: &Runner,
        script: &str,
        arguments: &[&str],
        log: &Utf8Path,
    ) -> Result<Self, Error> {
        let path = system_path(runner);
        let words = [
            "setpriv",
            "--pdeathsig",
            "KILL",
            "unshare",
            "--mount",
            "--net",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
            "sh",
            "-c",
            script,
            "sh",
        ];
        let words = words.iter().chain(arguments).copied();
        let first = runner.start(&command(words).variable("PATH", &path), log)?;
        let mut namespace = Self {
            first,
            network: None,
        };
        let process = namespace.first.pids().first().copied().unwrap_or_default();
        let own = network_of("self");
        namespace.wait(runner, || {
            own.is_ok()
                && network_of(&process.to_string())
                    .is_ok_and(|theirs| Some(theirs) != own.as_ref().ok().cloned())
        })?;

        let mtu = format!("--mtu={MTU}");
        let target = process.to_string();
        let words = [
            "setpriv",
            "--pdeathsig",
            "KILL",
            "slirp4netns",
            "--configure",
            &mtu,
            "--disable-host-loopback",
            &target,
            DEVICE,
        ];
        namespace.network = Some(runner.start(&command(words).variable("PATH", &path), log)?);
        namespace.wait(runner, || has_device(process))?;
        Ok(namespace)
    }

    /// The process that is in the mount namespace, but for its number.
    pub(crate) fn process(&self) -> Option<u32> {
        self.first.pids().first().copied()
    }

    /// Whether both the process inside and its network are still there.
    pub(crate) fn is_alive(&self) -> bool {
        let running = |handle: &Handle| matches!(handle.try_wait(), Ok(None));
        running(&self.first) && self.network.as_ref().is_none_or(running)
    }

    fn wait(&self, runner: &Runner, ready: impl Fn() -> bool) -> Result<(), Error> {
        let steps = SETUP.as_millis() / STEP.as_millis();
        for _ in 0..steps {
            if ready() {
                return Ok(());
            }
            if !self.is_alive() {
                break;
            }
            runner.pause(STEP)?;
        }
        Err(Error::Engine {
            what: "a private engine needs namespaces and a network of its own, which this system refuses".into(),
            hint: "in a container, run it privileged and with `/dev/net/tun`; else start an engine yourself".into(),
        })
    }

    /// Asks the process inside to end, waits as long as `grace`, and ends everything.
    fn stop(&self, grace: Duration) {
        for process in self.first.pids() {
            // `unshare` ignores SIGTERM while it waits: the signal is for its child.
            let children =
                std::fs::read_to_string(format!("/proc/{process}/task/{process}/children"))
                    .unwrap_or_default();
            for child in children.split_whitespace() {
                drop(
                    duct::cmd!("sh", "-c", format!("kill -TERM {child}"))
                        .stderr_null()
                        .unchecked()
                        .run(),
                );
            }
        }
        drop(self.first.wait_timeout(grace));
        drop(self.first.kill());
        drop(self.first.wait());
        if let Some(network) = &self.network {
            end_group(network, grace);
        }
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        self.stop(Duration::from_secs(15));
    }
}

fn network_of(process: &str) -> io::Result<std::path::PathBuf> {
    std::fs::read_link(format!("/proc/{process}/ns/net"))
}

fn has_device(process: u32) -> bool {
    let devices = std::fs::read_to_string(format!("/proc/{process}/net/dev")).unwrap_or_default();
    devices
        .lines()
        .any(|line| line.trim_start().starts_with(DEVICE))
}
