//! A podman of a user who is not root, and a place where that user can run the tests.
//!
//! The user is of this task's own: the files that say so (`/etc/passwd`, `/etc/subuid` and their like) are copies, put over
//! the system's in a mount namespace. There the folder is `/mnt`, because the way to it may not be open to everybody.

use std::fs::File;
use std::os::unix::fs::{PermissionsExt as _, chown};

use camino::{Utf8Path, Utf8PathBuf};

use super::podman::settle;
use super::private::lock;
use crate::folders::{self, remove};
use crate::packages::{self, Program, find};
use crate::process::{Command, Runner, command};
use crate::{Error, clean};

/// What rootless podman needs besides podman.
const PROGRAMS: [Program; 5] = [
    Program {
        name: "podman",
        package: "podman",
    },
    Program {
        name: "runc",
        package: "runc",
    },
    Program {
        name: "newuidmap",
        package: "uidmap",
    },
    Program {
        name: "slirp4netns",
        package: "slirp4netns",
    },
    Program {
        name: "setpriv",
        package: "util-linux",
    },
];
/// The user's number, which no distribution gives to anybody, and the first of those that the user's containers have.
const USER: u32 = 61_234;
const FIRST: u32 = 1_000_000;
/// Where the folder is for the user.
const PLACE: &str = "/mnt";
/// Becomes the user, and goes on as the rest.
const INSIDE: &str = r#"
set -e
mount --bind "$1" /mnt
for file in passwd group subuid subgid; do mount --bind "$1/etc/$file" "/etc/$file"; done
user=$2
shift 2
cd /mnt/home
exec setpriv --reuid "$user" --regid "$user" --init-groups -- "$@"
"#;

/// A user with a podman. Dropping it removes what the user has.
#[derive(Debug)]
pub(crate) struct Rootless {
    folder: Utf8PathBuf,
    _lock: File,
}

impl Rootless {
    /// Makes the user in `folder`, with the commands and a Debian from this target folder.
    pub(crate) fn start(
        runner: &Runner,
        folder: &Utf8Path,
        target: &Utf8Path,
    ) -> Result<Self, Error> {
        if !packages::is_root() {
            return Err(Error::Missing {
                what: "a user of its own takes root".into(),
                hint: "as a user who is not root, `--engine podman` is rootless".into(),
            });
        }
        packages::ensure(runner, &PROGRAMS, &[])?;
        std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
        let lock = lock(runner, folder)?;
        let folder = &folder.join("user");
        clean::storage(folder)?;
        let rootless = Self {
            folder: folder.clone(),
            _lock: lock,
        };
        for name in [
            "",
            "etc",
            "home",
            "data",
            "data/runtime",
            "target/tmp",
            "target/cache",
            "target/debug/deps",
        ] {
            let path = folder.join(name);
            std::fs::create_dir_all(&path).map_err(Error::io(&path))?;
            chown(&path, Some(USER), Some(USER)).map_err(Error::io(&path))?;
        }
        let runtime = folder.join("data/runtime");
        let private = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(&runtime, private).map_err(Error::io(&runtime))?;
        rootless.be_somebody()?;
        rootless.bring_files(target)?;
        let data = Utf8Path::new(PLACE).join("data");
        // The kernel's overlay is for users from 5.13 on.
        let drivers = [None, find(runner, "fuse-overlayfs")];
        let mut refusal = None;
        for program in drivers {
            settle(folder, &data, ("overlay", program), "rootless_storage_path")?;
            match runner.run_quietly(&rootless.surround(&["podman", "info"])) {
                Ok(()) => return Ok(rootless),
                Err(Error::Failed { tail, .. }) => refusal = tail,
                Err(other) => return Err(other),
            }
        }
        Err(Error::Engine {
            what: format!("podman does not work without root: {}", refusal.unwrap_or_default()),
            hint: "see `podman info` as an ordinary user, and that /etc/subuid has a line for that user".into(),
        })
    }

    /// Writes the files that say who the user is.
    fn be_somebody(&self) -> Result<(), Error> {
        for (name, line) in [
            (
                "passwd",
                format!("imgpipe-test:x:{USER}:{USER}::{PLACE}/home:/bin/sh\n"),
            ),
            ("group", format!("imgpipe-test:x:{USER}:\n")),
            ("subuid", format!("imgpipe-test:{FIRST}:65536\n")),
            ("subgid", format!("imgpipe-test:{FIRST}:65536\n")),
        ] {
            let system = Utf8Path::new("/etc").join(name);
            let text = std::fs::read_to_string(&system).map_err(Error::io(&system))?;
            let path = self.folder.join("etc").join(name);
            std::fs::write(&path, text + &line).map_err(Error::io(&path))?;
        }
        Ok(())
    }

    /// Brings the commands, and the Debian that tests build on.
    fn bring_files(&self, target: &Utf8Path) -> Result<(), Error> {
        let marker = self.folder.join("target/CACHEDIR.TAG");
        std::fs::write(&marker, "Signature: 8a477f597d28d172789f06886806bc55\n")
            .map_err(Error::io(&marker))?;
        let programs = folders::programs().map_err(Error::io("target folder"))?;
        let entries = programs.read_dir_utf8().map_err(Error::io(&programs))?;
        for entry in entries.flatten() {
            if entry.file_name().starts_with("img") && !entry.file_name().contains('.') {
                copy(
                    entry.path(),
                    &self.folder.join("target/debug").join(entry.file_name()),
                )?;
            }
        }
        let base = folders::cache(target).join("debian-12.tar");
        if base.is_file() {
            copy(&base, &self.folder.join("target/cache/debian-12.tar"))?;
        }
        Ok(())
    }

    /// Brings a test program, and says where it is for the user.
    pub(crate) fn bring(&self, program: &Utf8Path) -> Result<Utf8PathBuf, Error> {
        let inside = Utf8Path::new("target/debug/deps").join(program.file_name().unwrap_or("test"));
        copy(program, &self.folder.join(&inside))?;
        Ok(Utf8Path::new(PLACE).join(inside))
    }

    /// A command of the user's, with that podman.
    pub(crate) fn surround(&self, words: &[&str]) -> Command {
        let user = USER.to_string();
        let apart = [
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
            "--",
            "sh",
            "-c",
            INSIDE,
            "sh",
            self.folder.as_str(),
            &user,
        ];
        command(apart.iter().chain(words).copied())
            .variable("HOME", format!("{PLACE}/home"))
            .variable("XDG_RUNTIME_DIR", format!("{PLACE}/data/runtime"))
            .variable("TMPDIR", format!("{PLACE}/target/tmp"))
            .variable("CONTAINERS_STORAGE_CONF", format!("{PLACE}/storage.conf"))
            .variable("CONTAINERS_CONF", format!("{PLACE}/containers.conf"))
            .variable("IMG_ENGINE", "podman")
    }
}

impl Drop for Rootless {
    fn drop(&mut self) {
        if let Err(why) = remove(&self.folder) {
            eprintln!("engine: {why}");
        }
    }
}

fn copy(from: &Utf8Path, to: &Utf8Path) -> Result<(), Error> {
    std::fs::copy(from, to).map(drop).map_err(Error::io(from))
}
