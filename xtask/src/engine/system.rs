//! Another release of Debian in a folder, whose engines run on this machine's kernel.
//!
//! Its programs run in a mount namespace in which the folder is the root. The target folder and `/tmp` are at their usual
//! places, so that a path means the same file on both sides. The mounts end with the namespace's process.

use std::os::unix::fs::PermissionsExt as _;

use camino::{Utf8Path, Utf8PathBuf};
use process::{Running, SIGTERM};

use crate::cmd::cmd;
use crate::folders::{create, remove};
use crate::{Error, debian};

/// Makes the folder (`$1`) the root, with the target folder (`$2`) in it, and runs the rest. The folder is mounted on itself,
/// because `runc` needs a mount as its root.
pub(super) const INSIDE: &str = r#"
set -e
root=$1 target=$2
shift 2
mount --bind "$root" "$root"
for folder in dev sys tmp proc; do mount --rbind "/$folder" "$root/$folder"; done
mount -t tmpfs tmpfs "$root/run"
mkdir -p "$root$target"
mount --bind "$target" "$root$target"
exec chroot "$root" "$@"
"#;
/// Engines, with what they recommend for images, and no more. Sources that lag behind are good enough for tests, and still
/// signed.
const INSTALL: &str = r#"
set -e
mount -t proc proc "$1/proc"
apt() { DEBIAN_FRONTEND=noninteractive chroot "$root" apt-get --quiet -o Acquire::Check-Valid-Until=false "$@"; }
root=$1
apt update
apt install --yes --no-install-recommends \
    docker.io docker-cli docker-buildx iptables ca-certificates podman runc netavark
apt clean
"#;

/// A Debian in a folder.
#[derive(Debug)]
pub(crate) struct System {
    root: Utf8PathBuf,
    target: Utf8PathBuf,
}

impl System {
    /// The system of a release. If it is not there, it is made, which takes some minutes.
    pub(crate) fn find_or_make(target: &Utf8Path, suite: &str) -> Result<Self, Error> {
        let folder = target.join("engines").join(suite);
        let root = folder.join("system");
        if !root.is_dir() {
            let partial = folder.join("partial");
            remove(&partial)?;
            create(&folder)?;
            debian::system(suite, &partial)?;
            eprintln!("installing engines in it");
            let install = cmd("unshare --mount sh -c").args([INSTALL, "sh", partial.as_str()]);
            install.run_quietly()?;
            std::fs::rename(&partial, &root).map_err(Error::io(&root))?;
        }
        let target = target.to_owned();
        Ok(Self { root, target })
    }

    /// The first arguments of [`INSIDE`].
    pub(super) fn arguments(&self) -> Vec<&str> {
        vec![self.root.as_str(), self.target.as_str()]
    }

    /// Mounts it for programs without a daemon, until the result is dropped.
    pub(super) fn mount(&self, log: &Utf8Path) -> Result<Running, Error> {
        let mount = cmd("setpriv --pdeathsig KILL unshare --mount sh -c").args([INSIDE, "sh"]);
        let mount = mount.args(self.arguments()).args(["sleep", "infinity"]);
        mount.start(log, SIGTERM)
    }

    /// Writes a script into a folder that runs one of this system's programs, in the mounts of `process`.
    pub(super) fn entrance(
        &self,
        folder: &Utf8Path,
        process: i32,
        program: &str,
    ) -> Result<String, Error> {
        let path = folder.join(program);
        // The current folder is entered by its name, if it is there on both sides.
        let text = format!(
            "#!/bin/sh\nPATH=$PATH:/usr/sbin:/sbin\nexec nsenter --target {process} --mount chroot '{root}' \\\n\
             sh -c 'cd \"$0\" 2> /dev/null || cd /; exec {program} \"$@\"' \"$PWD\" \"$@\"\n",
            root = self.root,
        );
        let mode = std::fs::Permissions::from_mode(0o755);
        let written = std::fs::write(&path, text);
        written
            .and_then(|()| std::fs::set_permissions(&path, mode))
            .map_err(Error::io(&path))?;
        Ok(path.into_string())
    }
}
