//! A `dockerd` of the task's own, with everything it keeps under `target/engine/`.
//!
//! Its images are a working copy: the folder goes when the engine stops, and one left by a task that was killed goes when
//! the next one starts. Only `dockerd.log` stays.

use std::fs::{File, TryLockError};
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::TempDir;

use super::namespace::{Namespace, RESOLVER};
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

/// A running private engine. Dropping it stops it and removes its images.
#[derive(Debug)]
pub(crate) struct PrivateEngine {
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
    /// Starts it and waits until it answers.
    pub(crate) fn start(runner: &Runner, target: &Utf8Path) -> Result<Self, Error> {
        let root = target.join("engine");
        std::fs::create_dir_all(&root).map_err(Error::io(&root))?;
        let lock = lock(runner, &root)?;
        let mut refusal = None;
        for driver in drivers(runner) {
            let folders = Folders::create(root.clone())?;
            match launch(runner, &folders, driver) {
                Ok(namespace) => {
                    return Ok(Self {
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

    /// What `DOCKER_HOST` must hold to reach it.
    pub(crate) fn host(&self) -> String {
        self.folders.host()
    }
}

/// Storage drivers in the order of trying: `dockerd`'s own choice, then those that need less of the kernel.
fn drivers(runner: &Runner) -> impl Iterator<Item = Option<&'static str>> {
    let fuse = find(runner, "fuse-overlayfs").map(|_| Some("fuse-overlayfs"));
    [Some(None), fuse, Some(Some("vfs"))].into_iter().flatten()
}

fn launch(runner: &Runner, folders: &Folders, driver: Option<&str>) -> Result<Namespace, Error> {
    let config = folders.root.join("daemon.json");
    let log = folders.root.join("dockerd.log");
    std::fs::write(&config, folders.config(driver)).map_err(Error::io(&config))?;
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
    let namespace = match Namespace::start(runner, SCRIPT, config.as_str(), &log) {
        Err(Error::Engine { what, .. }) => return Err(failed(what)),
        other => other?,
    };
    let answers = command(["docker", "--host", &folders.host(), "version"]);
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
    Ok(namespace)
}

/// One private engine a target folder: a second task waits for the first.
fn lock(runner: &Runner, root: &Utf8Path) -> Result<File, Error> {
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
    fn config(&self, driver: Option<&str>) -> String {
        let text =
            |value: &str| format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
        let driver = driver
            .map(|driver| format!(",\n  \"storage-driver\": {}", text(driver)))
            .unwrap_or_default();
        format!(
            "{{\n  \"data-root\": {},\n  \"exec-root\": \"/run/docker\",\n  \"pidfile\": \"/run/docker.pid\",\n  \"hosts\": [{}],\n  \
             \"dns\": [\"{RESOLVER}\"],\n  \"exec-opts\": [\"native.cgroupdriver=cgroupfs\"]{driver}\n}}\n",
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
            far.config(Some("vfs"))
                .contains("\"storage-driver\": \"vfs\"")
        );
    }
}
