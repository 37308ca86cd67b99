//! A `dockerd` of the task's own, with everything it keeps in one folder: this machine's below `target/engine/`, or that
//! of another system in a folder, with that system's own client.
//!
//! Its images are a working copy: the folder goes when the engine stops, and one left by a task that was killed goes when
//! the next one starts. Only `dockerd.log` stays.

use std::fs::{File, TryLockError};
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::TempDir;

use super::namespace::{Namespace, RESOLVER};
use super::system::{self, System};
use crate::Error;
use crate::folders::remove;
use crate::packages::find;
use crate::process::{Runner, command, tail};

/// How long `dockerd` may take until it answers. A second or two is usual; a slow disk takes longer.
const START: Duration = Duration::from_secs(60);
const STEP: Duration = Duration::from_millis(200);
/// Longest path of a socket that the kernel takes, less its final NUL.
const SOCKET_MAX: usize = 107;
/// What runs inside. `/run` is replaced so that sockets which the engine's parts put there by fixed names are its own.
const SCRIPT: &str = "mount -t tmpfs tmpfs /run && exec dockerd --config-file \"$1\"";

/// Whose `dockerd`, and where it keeps images.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Daemon<'a> {
    /// Another system, whose engine it is.
    pub(crate) system: Option<&'a System>,
    /// Keep images in containerd's store.
    pub(crate) containerd: bool,
}

/// A running private engine. Dropping it stops it and removes its images.
#[derive(Debug)]
pub(crate) struct PrivateEngine {
    program: String,
    // Fields drop in this order: the engine ends before its folders go and the next task may start.
    _namespace: Namespace,
    folders: Folders,
    _lock: File,
}

#[derive(Debug)]
struct Folders {
    root: Utf8PathBuf,
    socket: Utf8PathBuf,
    _short: Option<TempDir>,
}

impl PrivateEngine {
    /// Starts it with its folder at `root`, and waits until it answers.
    pub(crate) fn start(runner: &Runner, root: &Utf8Path, daemon: Daemon) -> Result<Self, Error> {
        std::fs::create_dir_all(root).map_err(Error::io(root))?;
        let lock = lock(runner, root)?;
        let mut refusal = None;
        for driver in drivers(runner, daemon) {
            let folders = Folders::create(root.to_owned())?;
            match launch(runner, &folders, driver, daemon) {
                Ok((namespace, program)) => {
                    return Ok(Self {
                        program,
                        _namespace: namespace,
                        folders,
                        _lock: lock,
                    });
                }
                Err(Error::Engine { what, hint }) => {
                    eprintln!("engine: {what}");
                    refusal = Some(Error::Engine {
                        what: "the private engine did not start".into(),
                        hint,
                    });
                }
                Err(other) => return Err(other),
            }
        }
        Err(refusal.unwrap_or_else(|| Error::Wrong("no storage driver to try".into())))
    }

    /// The program that reaches it.
    pub(crate) fn program(&self) -> &str {
        &self.program
    }

    /// What `DOCKER_HOST` must hold to reach it.
    pub(crate) fn host(&self) -> String {
        self.folders.host()
    }
}

/// Storage drivers in the order of trying: `dockerd`'s own choice, then those that need less of the kernel.
fn drivers(runner: &Runner, daemon: Daemon) -> impl Iterator<Item = Option<&'static str>> {
    let fuse = find(runner, "fuse-overlayfs").map(|_| Some("fuse-overlayfs"));
    // Another system has but what was installed there, and containerd's store chooses for itself.
    let others = [fuse, Some(Some("vfs"))].into_iter().flatten();
    let tries_others = daemon.system.is_none() && !daemon.containerd;
    [None]
        .into_iter()
        .chain(others.filter(move |_| tries_others))
}

fn launch(
    runner: &Runner,
    folders: &Folders,
    driver: Option<&str>,
    daemon: Daemon,
) -> Result<(Namespace, String), Error> {
    let config = folders.root.join("daemon.json");
    let log = folders.root.join("dockerd.log");
    let text = folders.config(driver, daemon.containerd);
    std::fs::write(&config, text).map_err(Error::io(&config))?;
    std::fs::write(&log, "").map_err(Error::io(&log))?;
    let failed = |why: String| {
        let last = std::fs::read_to_string(&log)
            .ok()
            .as_deref()
            .and_then(tail)
            .unwrap_or_default();
        let hint = format!(
            "the whole log is in {log}; or start an engine yourself and see that `docker version` shows a server"
        );
        Error::Engine {
            what: format!("{why}; the end of its log:\n{last}"),
            hint,
        }
    };
    let (script, mut arguments) = match daemon.system {
        Some(system) => (system::INSIDE, system.arguments()),
        None => (SCRIPT, Vec::new()),
    };
    if daemon.system.is_some() {
        arguments.extend(["dockerd", "--config-file"]);
    }
    arguments.push(config.as_str());
    let namespace = match Namespace::start(runner, script, &arguments, &log) {
        Err(Error::Engine { what, .. }) => return Err(failed(what)),
        other => other?,
    };
    let program = match (daemon.system, namespace.process()) {
        (Some(system), Some(process)) => system
            .entrance(&folders.root, process, "docker")?
            .into_string(),
        _ => "docker".to_owned(),
    };
    let answers = command([&program, "--host", &folders.host(), "version"]);
    let end = Instant::now() + START;
    while !runner.succeeds(&answers)? {
        if !namespace.is_alive() {
            let name = driver.unwrap_or("of its own choice");
            return Err(failed(format!(
                "dockerd with the storage driver {name} ended"
            )));
        }
        if Instant::now() > end {
            return Err(failed(format!(
                "dockerd did not answer within {} s",
                START.as_secs()
            )));
        }
        runner.pause(STEP)?;
    }
    Ok((namespace, program))
}

/// One private engine a folder: a second task waits for the first.
pub(super) fn lock(runner: &Runner, root: &Utf8Path) -> Result<File, Error> {
    let path = root.join("lock");
    let file = File::options()
        .create(true)
        .append(true)
        .open(&path)
        .map_err(Error::io(&path))?;
    let mut told = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(source)) => return Err(Error::Io { path, source }),
            Err(TryLockError::WouldBlock) => {
                if !told {
                    eprintln!(
                        "engine: waiting for another task that runs the private engine of {root}"
                    );
                    told = true;
                }
                runner.pause(STEP)?;
            }
        }
    }
}

impl Folders {
    fn create(root: Utf8PathBuf) -> Result<Self, Error> {
        let data = root.join("data");
        remove(&data)?;
        std::fs::create_dir_all(&data).map_err(Error::io(&data))?;
        let beside = root.join("docker.sock");
        if beside.as_str().len() <= SOCKET_MAX {
            return Ok(Self {
                root,
                socket: beside,
                _short: None,
            });
        }
        let short = tempfile::Builder::new()
            .prefix("imgpipe-engine-")
            .tempdir()
            .map_err(Error::io("temporary folder"))?;
        let folder = Utf8PathBuf::from_path_buf(short.path().to_owned()).map_err(|path| {
            Error::Wrong(format!(
                "the temporary folder {} is not UTF-8",
                path.display()
            ))
        })?;
        Ok(Self {
            root,
            socket: folder.join("docker.sock"),
            _short: Some(short),
        })
    }

    fn host(&self) -> String {
        format!("unix://{}", self.socket)
    }

    /// The engine's own configuration file, so that it does not read the system's. The cgroup driver is the one that
    /// needs no talk with an init system, which would not know the process numbers of the namespace.
    fn config(&self, driver: Option<&str>, containerd: bool) -> String {
        let text =
            |value: &str| format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
        let driver = driver
            .map(|driver| format!(",\n  \"storage-driver\": {}", text(driver)))
            .unwrap_or_default();
        let store = if containerd {
            ",\n  \"features\": {\"containerd-snapshotter\": true}"
        } else {
            ""
        };
        format!(
            "{{\n  \"data-root\": {},\n  \"exec-root\": \"/run/docker\",\n  \"pidfile\": \"/run/docker.pid\",\n  \"hosts\": [{}],\n  \
             \"dns\": [\"{RESOLVER}\"],\n  \"exec-opts\": [\"native.cgroupdriver=cgroupfs\"]{driver}{store}\n}}\n",
            text(self.root.join("data").as_str()),
            text(&self.host()),
        )
    }
}

impl Drop for Folders {
    fn drop(&mut self) {
        let removed = remove(&self.root.join("data"));
        if let Err(why) = removed {
            eprintln!("engine: {why}");
        }
        // `dockerd` removes its socket itself unless it was killed.
        drop(std::fs::remove_file(&self.socket));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deep_target_folder_gets_a_short_socket() {
        let base = tempfile::tempdir().unwrap();
        let base = Utf8Path::from_path(base.path()).unwrap();
        let near = Folders::create(base.join("engine")).unwrap();
        assert_eq!(near.socket, base.join("engine/docker.sock"));
        let far = Folders::create(base.join("deep/".repeat(30)).join("engine")).unwrap();
        assert!(far.socket.as_str().len() <= SOCKET_MAX, "{}", far.socket);
        assert!(
            far.config(Some("vfs"), false)
                .contains("\"storage-driver\": \"vfs\"")
        );
    }
}
