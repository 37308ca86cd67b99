//! Folders of the system and the environment.

use std::{env, fs, io};

use camino::{Utf8Path, Utf8PathBuf};
use failure::{Code, Failure};

/// The folder for podman's temporary folders: the one that podman would use itself. `None` for a user without a runtime
/// folder, because podman then keeps its runtime files in the temporary folder too.
pub fn spool_folder() -> Option<Utf8PathBuf> {
    let set = |name| env::var(name).ok().filter(|value| !value.is_empty());
    let user = rustix::process::geteuid();
    let has_runtime = user.is_root()
        || set("XDG_RUNTIME_DIR").is_some()
        || Utf8Path::new(&format!("/run/user/{}", user.as_raw())).is_dir();
    let folder = set("TMPDIR").unwrap_or_else(|| "/var/tmp".to_owned());
    has_runtime
        .then(|| absolute(folder.as_ref()).ok())
        .flatten()
}

/// The working directory. Printed paths are relative to it.
pub fn working_dir() -> Result<Utf8PathBuf, Failure> {
    let here = env::current_dir().map_err(|error| {
        Failure::new(
            Code::Other,
            format!("cannot read the working directory: {error}"),
        )
    })?;
    Utf8PathBuf::from_path_buf(here).map_err(|path| {
        Failure::new(
            Code::Other,
            format!("the working directory `{}` is not UTF-8", path.display()),
        )
    })
}

/// Makes a path absolute, from the working directory. Links stay.
pub fn absolute(path: &Utf8Path) -> Result<Utf8PathBuf, Failure> {
    Ok(working_dir()?.join(path))
}

/// Whether skopeo's default folder for credentials belongs to another user. Without a session's folder, skopeo looks in
/// `/run/containers`. If root has run podman once, root owns this folder, and skopeo fails.
pub fn is_locked_out() -> bool {
    let user = rustix::process::geteuid().as_raw();
    let file = format!("/run/containers/{user}/auth.json");
    let refused = |error: io::Error| error.kind() == io::ErrorKind::PermissionDenied;
    env::var_os("XDG_RUNTIME_DIR").is_none_or(|folder| folder.is_empty())
        && fs::symlink_metadata(file).is_err_and(refused)
}
