//! Another release of Debian in a folder, whose engines run on this machine's kernel.
//!
//! Its programs run in a mount namespace in which the folder is the root. The target folder and `/tmp` are at their usual
//! places, so that a path means the same file on both sides. The mounts end with the namespace's process.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use camino::{Utf8Path, Utf8PathBuf};
use process::{Running, SIGTERM};

use crate::cmd::cmd;
use crate::folders::{create, remove};
use crate::{Error, debian};

/// A Debian in a folder.
#[derive(Debug)]
pub(crate) struct DebianSystem {
    root: Utf8PathBuf,
    target: Utf8PathBuf,
}

impl DebianSystem {
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
            let install = cmd("unshare --mount sh -c").arg(include_str!("install.sh"));
            install.args(["sh", partial.as_str()]).run_quietly()?;
            fs::rename(&partial, &root).map_err(Error::io(&root))?;
        }
        let target = target.to_owned();
        Ok(Self { root, target })
    }

    /// The words before a command that runs in a new mount namespace, with this system as the root.
    pub(super) fn inside(&self) -> Vec<&str> {
        let script = ["sh", "-c", include_str!("system.sh"), "sh"];
        [&script[..], &[self.root.as_str(), self.target.as_str()]].concat()
    }

    /// Mounts it for programs without a daemon, until the result is dropped.
    pub(super) fn mount(&self, log: &Utf8Path) -> Result<Running, Error> {
        let mount = cmd("setpriv --pdeathsig KILL unshare --mount").args(self.inside());
        mount.args(["sleep", "infinity"]).start(log, SIGTERM)
    }

    /// Writes a script into a folder that runs one of this system's programs, in the mounts of `process`.
    pub(super) fn entrance(
        &self,
        folder: &Utf8Path,
        process: &str,
        program: &str,
    ) -> Result<String, Error> {
        let path = folder.join(program);
        // The current folder is entered by its name, if it is there on both sides.
        let text = format!(
            "#!/bin/sh\nPATH=$PATH:/usr/sbin:/sbin\nexec nsenter --target {process} --mount chroot '{root}' \\\n\
             sh -c 'cd \"$0\" 2> /dev/null || cd /; exec {program} \"$@\"' \"$PWD\" \"$@\"\n",
            root = self.root,
        );
        let written = fs::write(&path, text);
        let written =
            written.and_then(|()| fs::set_permissions(&path, Permissions::from_mode(0o755)));
        written.map_err(Error::io(&path))?;
        Ok(path.into_string())
    }
}
