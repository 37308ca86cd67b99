//! Another release of Debian in a folder, whose engines run on this machine's kernel.
//!
//! Its programs run in a mount namespace where the folder is the root, with the target folder and `/tmp` at their usual
//! places: what a test names by its path is the same file on both sides. When the namespace's process ends, all that was
//! mounted is gone.

use std::os::unix::fs::PermissionsExt as _;

use camino::{Utf8Path, Utf8PathBuf};
use duct::Handle;

use crate::folders::remove;
use crate::process::{Runner, command};
use crate::{Error, debian};

/// What makes the folder (`$1`) a root with the target folder (`$2`) in it, and goes on as the rest. The folder is mounted
/// on itself, because `runc` changes its root, which takes a mount.
pub(super) const INSIDE: &str = r#"
set -e
root=$1 target=$2
shift 2
mount --bind "$root" "$root"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"
mount --rbind /tmp "$root/tmp"
mount --rbind /proc "$root/proc"
mount -t tmpfs tmpfs "$root/run"
mkdir -p "$root$target"
mount --bind "$target" "$root$target"
exec chroot "$root" "$@"
"#;
/// What is installed: engines with what they recommend for images, and no more.
const PACKAGES: &str =
    "docker.io docker-cli docker-buildx iptables ca-certificates podman runc netavark";
/// How it is installed. Sources that lag behind are good enough for tests, and are signed all the same.
const INSTALL: &str = r#"
set -e
root=$1
shift
mount -t proc proc "$root/proc"
apt() { DEBIAN_FRONTEND=noninteractive chroot "$root" apt-get --quiet -o Acquire::Check-Valid-Until=false "$@"; }
apt update
apt install --yes --no-install-recommends "$@"
apt clean
"#;

/// A Debian in a folder.
#[derive(Debug)]
pub(crate) struct System {
    root: Utf8PathBuf,
    target: Utf8PathBuf,
}

/// A process that keeps a system's mounts. Dropping it ends it, and them.
#[derive(Debug)]
pub(crate) struct Mounted(Handle);

impl System {
    /// The system of a release, made where it is not there yet, which takes some minutes.
    pub(crate) fn find_or_make(
        runner: &Runner,
        target: &Utf8Path,
        suite: &str,
    ) -> Result<Self, Error> {
        let folder = target.join("engines").join(suite);
        let root = folder.join("system");
        if !root.is_dir() {
            let partial = folder.join("partial");
            remove(&partial)?;
            std::fs::create_dir_all(&folder).map_err(Error::io(&folder))?;
            debian::system(runner, suite, &partial)?;
            eprintln!("installing engines in it");
            let words = [
                "unshare",
                "--mount",
                "sh",
                "-c",
                INSTALL,
                "sh",
                partial.as_str(),
            ];
            let words = words.into_iter().chain(PACKAGES.split(' '));
            runner.run_quietly(&command(words))?;
            std::fs::rename(&partial, &root).map_err(Error::io(&root))?;
        }
        Ok(Self {
            root,
            target: target.to_owned(),
        })
    }

    /// What [`INSIDE`] is told first.
    pub(super) fn arguments(&self) -> Vec<&str> {
        vec![self.root.as_str(), self.target.as_str()]
    }

    /// Mounts it for programs that run without a daemon. Returns what keeps it so, and the process to enter by.
    pub(crate) fn mount(&self, runner: &Runner, log: &Utf8Path) -> Result<(Mounted, u32), Error> {
        let words = [
            "setpriv",
            "--pdeathsig",
            "KILL",
            "unshare",
            "--mount",
            "sh",
            "-c",
            INSIDE,
            "sh",
        ];
        let arguments = self.arguments();
        let words = words
            .into_iter()
            .chain(arguments)
            .chain(["sleep", "infinity"]);
        let handle = runner.start(&command(words), log)?;
        let process = handle.pids().first().copied().unwrap_or_default();
        Ok((Mounted(handle), process))
    }

    /// Writes a program into a folder that runs one of this system's where `process` has it mounted.
    pub(crate) fn entrance(
        &self,
        folder: &Utf8Path,
        process: u32,
        program: &str,
    ) -> Result<Utf8PathBuf, Error> {
        let path = folder.join(program);
        // The folder is entered by its name, where it is there on both sides.
        let text = format!(
            "#!/bin/sh\nPATH=$PATH:/usr/sbin:/sbin\nexec nsenter --target {process} --mount chroot '{root}' \\\n\
             sh -c 'cd \"$0\" 2> /dev/null || cd /; exec {program} \"$@\"' \"$PWD\" \"$@\"\n",
            root = self.root,
        );
        std::fs::write(&path, text).map_err(Error::io(&path))?;
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&path, mode).map_err(Error::io(&path))?;
        Ok(path)
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
