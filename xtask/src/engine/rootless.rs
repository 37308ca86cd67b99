//! A podman of a user who is not root, and a place where that user can run the tests.
//!
//! The user is of this task's own: the files that say so (`/etc/passwd`, `/etc/subuid` and their like) are copies, put over
//! the system's in a mount namespace. There the folder is `/mnt`, because the way to it may not be open to everybody. The
//! workspace, of which some tests read the sources, is where it always is, on a way of its own.

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
/// Tests that take root even so: they mount a small disk or something over a file, or become somebody else.
pub(crate) const TAKE_ROOT: [&str; 9] = [
    "a_save_that_runs_out_of_room_on_the_way",
    "a_build_without_room_for_its_archive",
    "a_registry_that_does_not_fit_any_more",
    "a_store_that_is_only_read",
    "an_entry_stays_whose_archive_can_not_be_removed",
    "what_can_not_be_deleted_is_told_once",
    "a_full_disk_can_be_pruned",
    "too_little_room_is_said_before_a_byte_is_written",
    "what_belongs_to_somebody_else_is_read_and_stays",
];
/// Where the folder is for the user.
const PLACE: &str = "/mnt";
/// What mounts a user's folder (`$1`) and the workspace (`$3`), becomes the user (`$2`), and goes on as the rest.
const INSIDE: &str = r#"
set -e
user=$2 workspace=$3
mount --bind "$1" /mnt
for file in passwd group subuid subgid; do mount --bind "$1/etc/$file" "/etc/$file"; done
shift 3
mount --bind "$workspace" /mnt/workspace
# What hides it is hidden itself.
above=${workspace%/*}
while [ -n "$above" ]; do
    open=$(stat -c %A "$above" | cut -c 10)
    [ "$open" = x ] || [ "$open" = t ] || hidden=$above
    above=${above%/*}
done
if [ -n "${hidden:-}" ]; then
    mount -t tmpfs -o mode=755 tmpfs "$hidden"
    mkdir -p "$workspace"
    mount --bind /mnt/workspace "$workspace"
fi
cd /mnt/home
# The process that keeps podman's namespace ended with the command before, and two commands at once would each make one.
rm -f /mnt/data/tmp/pause.pid
exec setpriv --reuid "$user" --regid "$user" --init-groups -- sh -c 'podman unshare true; exec "$@"' sh "$@"
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
            "workspace",
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
            folders::workspace().as_str(),
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
