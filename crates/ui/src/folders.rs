//! Folders that the system and the environment name.

use std::{env, fs, io};

use camino::{Utf8Path, Utf8PathBuf};
use failure::{Code, Failure};

/// Where podman's temporary folders go: where podman would put its files itself. `None` for a user without a runtime folder, since podman
/// then has its runtime files in the temporary folder, too.
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

/// The working directory. What is printed is relative to it.
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

/// A path that was given relative to the working directory, made absolute; links stay.
pub fn absolute(path: &Utf8Path) -> Result<Utf8PathBuf, Failure> {
    Ok(working_dir()?.join(path))
}

/// Whether somebody else's folder is where skopeo looks for credentials of a user without a folder for the session: root makes
/// `/run/containers` for itself, by running podman once, and skopeo takes that for a failure.
pub fn is_locked_out() -> bool {
    let user = rustix::process::geteuid().as_raw();
    let file = format!("/run/containers/{user}/auth.json");
    let refused = |error: io::Error| error.kind() == io::ErrorKind::PermissionDenied;
    env::var_os("XDG_RUNTIME_DIR").is_none_or(|folder| folder.is_empty())
        && fs::symlink_metadata(file).is_err_and(refused)
}
