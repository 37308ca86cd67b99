//! A podman of a user who is not root, and a place for that user to run the tests.
//!
//! The user exists only here: copies of `/etc/passwd`, `/etc/subuid` and the like are mounted over the system's in a mount
//! namespace. There the folder is `/mnt`, because the user may not be able to enter the folders above it. The workspace, whose
//! sources some tests read, keeps its path.

use camino::Utf8Path;

use super::podman::settle;
use super::{TestEngine, lock};
use crate::Error;
use crate::cmd::{Cmd, cmd, sh};
use crate::folders::{TemporaryFolder, cache, programs, remove, workspace};
use crate::packages::{ensure, find, is_root};

/// The user's number, which no distribution uses.
const USER: &str = "61234";
/// Tests that still need root: they mount something, or become another user.
pub(crate) const NEED_ROOT: &str = "a_save_that_runs_out_of_room_on_the_way \
    a_build_without_room_for_its_archive a_registry_that_does_not_fit_any_more a_store_that_is_only_read \
    an_entry_stays_whose_archive_can_not_be_removed what_can_not_be_deleted_is_told_once \
    a_full_disk_can_be_pruned too_little_room_is_said_before_a_byte_is_written \
    what_belongs_to_somebody_else_is_read_and_stays";
/// Runs a script, whose arguments follow, in namespaces that end with it.
const APART: &str = "unshare --mount --pid --fork --kill-child --mount-proc -- sh -c";
const VARIABLES: [(&str, &str); 5] = [
    ("HOME", "/mnt/home"),
    ("XDG_RUNTIME_DIR", "/mnt/data/runtime"),
    ("TMPDIR", "/mnt/target/tmp"),
    ("CONTAINERS_STORAGE_CONF", "/mnt/storage.conf"),
    ("CONTAINERS_CONF", "/mnt/containers.conf"),
];

/// Makes the user in `folder`, with the commands and the Debian base of this target folder.
pub(crate) fn start(folder: &Utf8Path, target: &Utf8Path) -> Result<TestEngine, Error> {
    if !is_root() {
        let hint = "if you are not root, `--engine podman` is rootless";
        return Err(Error::missing("only root can create another user", hint));
    }
    ensure(
        "podman runc newuidmap:uidmap slirp4netns setpriv:util-linux",
        "",
    )?;
    let lock = lock(folder)?;
    let home = TemporaryFolder(folder.join("user"));
    let folder = &home.0;
    remove(folder)?;
    let programs = programs().map_err(Error::io("target folder"))?;
    let base = cache(target).join("debian-12.tar");
    let make = sh(include_str!("user.sh")).args([folder.as_str(), USER]);
    make.args([programs, base]).run_quietly()?;

    let mut engine = TestEngine::of("podman");
    let inside = cmd(APART).args([include_str!("rootless.sh"), "sh", folder.as_str(), USER]);
    engine.prefix = inside.arg(workspace()).words;
    engine.variables = VARIABLES
        .map(|(name, value)| (name, value.to_owned()))
        .into();
    let mut refusal = None;
    // The kernel lets users mount its overlay from 5.13 on.
    for program in [None, find("fuse-overlayfs")] {
        let driver = ("overlay", program);
        settle(folder, "/mnt/data".into(), driver, "rootless_storage_path")?;
        refusal = engine.cmd("info").complaint()?;
        if refusal.is_none() {
            engine.guard = Some(Box::new((home, lock)));
            return Ok(engine);
        }
    }
    let what = format!(
        "podman does not work without root: {}",
        refusal.unwrap_or_default()
    );
    let hint =
        "see `podman info` as another user, and check that /etc/subuid has a line for that user";
    Err(Error::engine(what, hint))
}

/// Copies a test program for the user of `folder`, and returns a command that runs it there.
pub(crate) fn test_program(folder: &Utf8Path, program: &Utf8Path) -> Result<Cmd, Error> {
    let path = Utf8Path::new("target/debug/deps").join(program.file_name().unwrap_or_default());
    let copy = folder.join("user").join(&path);
    std::fs::copy(program, &copy).map_err(Error::io(copy))?;
    Ok(Cmd::of(Utf8Path::new("/mnt").join(path)))
}
