//! Programs of the system's packages: found, or installed if the system is Debian or Ubuntu and the user is root.

use camino::{Utf8Path, Utf8PathBuf};

use crate::Error;
use crate::cmd::{cmd, variable};

/// Folders of administration programs, which are not in every user's `PATH`.
const SYSTEM_FOLDERS: &str = "/usr/local/sbin:/usr/sbin:/sbin";

/// `PATH` with the folders of administration programs.
pub(crate) fn system_path() -> String {
    let path = variable("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
    format!("{path}:{SYSTEM_FOLDERS}")
}

/// The path of a program.
pub(crate) fn find(name: &str) -> Option<Utf8PathBuf> {
    let path = system_path();
    let folders = path.split(':').filter(|folder| !folder.is_empty());
    let mut files = folders.map(|folder| Utf8Path::new(folder).join(name));
    files.find(|file| file.is_file())
}

/// Whether the user is root.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Installs the packages of the programs that are missing, and `extra` packages with them.
///
/// `programs` are separated by spaces. `NAME:PACKAGE` is for a program whose package has another name.
pub(crate) fn ensure(programs: &str, extra: &str) -> Result<(), Error> {
    let programs = programs.split(' ');
    let programs = programs.map(|program| program.split_once(':').unwrap_or((program, program)));
    let missing: Vec<_> = programs.filter(|(name, _)| find(name).is_none()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = missing
        .iter()
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    let names = names.join(", ");
    let packages: Vec<_> = missing.iter().map(|(_, package)| *package).collect();
    let packages = format!("{} {extra}", packages.join(" "));
    let refuse =
        |why: &str, hint: String| Err(Error::missing(format!("{names} not found{why}"), hint));
    if find("apt-get").is_none() {
        let hint =
            format!("install your system's equivalents of these Debian packages: {packages}");
        return refuse(
            ", and packages can only be installed on Debian and Ubuntu",
            hint,
        );
    }
    if !is_root() {
        let hint = format!("sudo apt-get install --no-install-recommends {packages}");
        return refuse(", and only root can install packages", hint);
    }
    install(&packages)?;
    match missing.iter().find(|(name, _)| find(name).is_none()) {
        None => Ok(()),
        Some((_, package)) => refuse(
            ", although the packages were installed",
            format!("see `dpkg --listfiles {package}`"),
        ),
    }
}

/// Installs packages, whose names are separated by spaces.
pub(crate) fn install(packages: &str) -> Result<(), Error> {
    eprintln!("installing {packages}");
    let apt = |words: &str| {
        let apt = format!("apt-get --quiet --option Dpkg::Use-Pty=0 {words}");
        cmd(&apt)
            .variable("DEBIAN_FRONTEND", "noninteractive")
            .run_quietly()
    };
    apt("update")?;
    apt(&format!("install --yes --no-install-recommends {packages}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_and_nothing_is_installed_if_all_are_there() {
        assert!(find("sh").is_some_and(|sh| sh.ends_with("sh")));
        assert_eq!(find("no-such-program"), None);
        ensure("sh sh:no-such-package", "no-such-package-either").unwrap();
    }
}
