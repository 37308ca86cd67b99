//! A podman of a user who is not root, and a place for that user to run the tests.
//!
//! The user exists only here: copies of `/etc/passwd`, `/etc/subuid` and the like are mounted over the system's in a mount
//! namespace. There the folder is `/mnt`, because the user may not be able to enter the folders above it. The workspace, whose
//! sources some tests read, keeps its path.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};

use camino::Utf8Path;

use super::podman::settle;
use super::{Engine, lock};
use crate::Error;
use crate::cmd::Cmd;
use crate::folders::{self, Temporary, create, remove};
use crate::packages::{ensure, find, is_root};

/// The user's number, which no distribution uses.
const USER: u32 = 61_234;
/// Tests that still need root: they mount something, or become another user.
pub(crate) const NEED_ROOT: &str = "a_save_that_runs_out_of_room_on_the_way \
    a_build_without_room_for_its_archive a_registry_that_does_not_fit_any_more a_store_that_is_only_read \
    an_entry_stays_whose_archive_can_not_be_removed what_can_not_be_deleted_is_told_once \
    a_full_disk_can_be_pruned too_little_room_is_said_before_a_byte_is_written \
    what_belongs_to_somebody_else_is_read_and_stays";
/// Runs a script, whose arguments follow, in namespaces that end with it.
const APART: &str = "unshare --mount --pid --fork --kill-child --mount-proc -- sh -c";
/// Mounts a user's folder (`$1`) and the workspace (`$3`), becomes the user (`$2`), and runs the rest.
const INSIDE: &str = r#"
set -e
user=$2 workspace=$3
mount --bind "$1" /mnt
for file in passwd group subuid subgid; do mount --bind "$1/etc/$file" "/etc/$file"; done
shift 3
mount --bind "$workspace" /mnt/workspace
# A folder above it may be closed to other users: then an empty one replaces the uppermost of these.
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
# The process that keeps podman's namespace ended with the last command. Two commands at once would each make a new one.
rm -f /mnt/data/tmp/pause.pid
exec setpriv --reuid "$user" --regid "$user" --init-groups -- sh -c 'podman unshare true; exec "$@"' sh "$@"
"#;
const FOLDERS: &str =
    "etc home data data/runtime target/tmp target/cache target/debug/deps workspace";

/// Makes the user in `folder`, with the commands and the Debian base of this target folder.
pub(crate) fn start(folder: &Utf8Path, target: &Utf8Path) -> Result<Engine, Error> {
    if !is_root() {
        return Err(Error::Missing {
            what: "only root can create another user".into(),
            hint: "if you are not root, `--engine podman` is rootless".into(),
        });
    }
    ensure(
        "podman runc newuidmap:uidmap slirp4netns setpriv:util-linux",
        "",
    )?;
    let lock = lock(folder)?;
    let home = Temporary(folder.join("user"));
    let folder = &home.0;
    remove(folder)?;
    for path in FOLDERS
        .split(' ')
        .map(|name| folder.join(name))
        .chain([folder.clone()])
    {
        create(&path)?;
        chown(&path, Some(USER), Some(USER)).map_err(Error::io(&path))?;
    }
    let runtime = folder.join("data/runtime");
    fs::set_permissions(&runtime, Permissions::from_mode(0o700)).map_err(Error::io(&runtime))?;
    write_user(folder)?;
    copy_files(folder, target)?;

    let mut engine = Engine::new("podman".into());
    engine.prefix = APART.split(' ').map(str::to_owned).collect();
    let workspace = folders::workspace();
    let arguments = [
        INSIDE,
        "sh",
        folder.as_str(),
        &USER.to_string(),
        workspace.as_str(),
    ];
    engine.prefix.extend(arguments.map(str::to_owned));
    let variables = [
        ("HOME", "/mnt/home"),
        ("XDG_RUNTIME_DIR", "/mnt/data/runtime"),
        ("TMPDIR", "/mnt/target/tmp"),
        ("CONTAINERS_STORAGE_CONF", "/mnt/storage.conf"),
        ("CONTAINERS_CONF", "/mnt/containers.conf"),
    ];
    engine.variables = variables
        .map(|(name, value)| (name, value.to_owned()))
        .into();
    let mut refusal = None;
    // The kernel lets users mount its overlay from 5.13 on.
    for program in [None, find("fuse-overlayfs")] {
        settle(
            folder,
            "/mnt/data".into(),
            ("overlay", program),
            "rootless_storage_path",
        )?;
        match engine.cmd("info").run_quietly() {
            Ok(()) => {
                engine.guard = Some(Box::new((home, lock)));
                return Ok(engine);
            }
            Err(Error::Failed { tail, .. }) => refusal = tail,
            Err(other) => return Err(other),
        }
    }
    let why = refusal.unwrap_or_default();
    Err(Error::Engine {
        what: format!("podman does not work without root: {why}"),
        hint:
            "see `podman info` as another user, and check that /etc/subuid has a line for that user"
                .into(),
    })
}

/// Writes the files that name the user.
fn write_user(folder: &Utf8Path) -> Result<(), Error> {
    for (name, line) in [
        (
            "passwd",
            format!("imgpipe-test:x:{USER}:{USER}::/mnt/home:/bin/sh\n"),
        ),
        ("group", format!("imgpipe-test:x:{USER}:\n")),
        ("subuid", "imgpipe-test:1000000:65536\n".into()),
        ("subgid", "imgpipe-test:1000000:65536\n".into()),
    ] {
        let system = Utf8Path::new("/etc").join(name);
        let text = fs::read_to_string(&system).map_err(Error::io(&system))?;
        let path = folder.join("etc").join(name);
        fs::write(&path, text + &line).map_err(Error::io(&path))?;
    }
    Ok(())
}

/// Copies the commands, and the Debian that tests build on.
fn copy_files(folder: &Utf8Path, target: &Utf8Path) -> Result<(), Error> {
    let marker = folder.join("target/CACHEDIR.TAG");
    let tag = "Signature: 8a477f597d28d172789f06886806bc55\n";
    fs::write(&marker, tag).map_err(Error::io(&marker))?;
    let programs = folders::programs().map_err(Error::io("target folder"))?;
    let entries = programs.read_dir_utf8().map_err(Error::io(&programs))?;
    let names = entries.flatten().map(|entry| entry.into_path());
    let is_command = |path: &Utf8Path| {
        let name = path.file_name().unwrap_or_default();
        name.starts_with("img") && !name.contains('.')
    };
    for path in names.filter(|path| is_command(path)) {
        copy(&path, &folder.join("target/debug"))?;
    }
    let base = folders::cache(target).join("debian-12.tar");
    if base.is_file() {
        copy(&base, &folder.join("target/cache"))?;
    }
    Ok(())
}

/// Copies a test program for the user of `folder`, and returns a command that runs it there.
pub(crate) fn test_program(folder: &Utf8Path, program: &Utf8Path) -> Result<Cmd, Error> {
    let deps = Utf8Path::new("target/debug/deps");
    copy(program, &folder.join("user").join(deps))?;
    let path = Utf8Path::new("/mnt")
        .join(deps)
        .join(program.file_name().unwrap_or_default());
    Ok(Cmd::of(path))
}

fn copy(file: &Utf8Path, folder: &Utf8Path) -> Result<(), Error> {
    let to = folder.join(file.file_name().unwrap_or_default());
    fs::copy(file, to).map(drop).map_err(Error::io(file))
}
