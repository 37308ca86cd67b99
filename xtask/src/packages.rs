//! Programs from the system's packages: found where they are, installed where that is possible.

use std::os::unix::fs::MetadataExt as _;

use camino::{Utf8Path, Utf8PathBuf};

use crate::Error;
use crate::process::{Runner, command};

/// Where administration programs live, which is not on every user's `PATH`.
const SYSTEM_FOLDERS: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/// A program and the Debian and Ubuntu package that brings it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) package: &'static str,
}

/// Where a program is, as `PATH` and the folders of system programs have it.
pub(crate) fn find(runner: &Runner, name: &str) -> Option<Utf8PathBuf> {
    let path = runner.variable("PATH").unwrap_or_default();
    path.split(':')
        .filter(|folder| !folder.is_empty())
        .chain(SYSTEM_FOLDERS)
        .map(|folder| Utf8Path::new(folder).join(name))
        .find(|file| file.is_file())
}

/// `PATH` with the folders of system programs.
pub(crate) fn system_path(runner: &Runner) -> String {
    let path = runner
        .variable("PATH")
        .unwrap_or_else(|| "/usr/bin:/bin".into());
    format!("{path}:{}", SYSTEM_FOLDERS.join(":"))
}

/// Whether this process may do everything, judged by the owner of its own entry in `/proc`.
pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// Installs the packages of those programs that are not there, and `extra` packages along with them.
///
/// Fails where something is missing and this is not Debian or Ubuntu, or the user is not root.
pub(crate) fn ensure(runner: &Runner, programs: &[Program], extra: &[&str]) -> Result<(), Error> {
    let missing: Vec<Program> = programs
        .iter()
        .copied()
        .filter(|program| find(runner, program.name).is_none())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut packages: Vec<&str> = missing
        .iter()
        .map(|program| program.package)
        .chain(extra.iter().copied())
        .collect();
    packages.sort_unstable();
    packages.dedup();
    let packages = packages.join(" ");
    let names = missing
        .iter()
        .map(|program| format!("`{}`", program.name))
        .collect::<Vec<_>>()
        .join(", ");

    if find(runner, "apt-get").is_none() {
        return Err(Error::Missing {
            what: format!(
                "{names} not found, and this is neither Debian nor Ubuntu, where packages are installed as needed"
            ),
            hint: format!("install what your system calls these Debian packages: {packages}"),
        });
    }
    if !is_root() {
        return Err(Error::Missing {
            what: format!("{names} not found, and only root can install packages"),
            hint: format!("sudo apt-get install --no-install-recommends {packages}"),
        });
    }
    eprintln!("{names} not found");
    install(runner, &packages)?;
    match missing
        .iter()
        .find(|program| find(runner, program.name).is_none())
    {
        None => Ok(()),
        Some(program) => Err(Error::Missing {
            what: format!(
                "`{}` not found, although its package `{}` was installed",
                program.name, program.package
            ),
            hint: format!("see what `dpkg --listfiles {}` says", program.package),
        }),
    }
}

/// Installs packages, their names separated by spaces.
pub(crate) fn install(runner: &Runner, packages: &str) -> Result<(), Error> {
    eprintln!("installing {packages}");
    let apt = |words: &[&str]| {
        let words = ["apt-get", "--quiet", "--option", "Dpkg::Use-Pty=0"]
            .iter()
            .chain(words)
            .copied();
        command(words).variable("DEBIAN_FRONTEND", "noninteractive")
    };
    runner.run_quietly(&apt(&["update"]))?;
    let words: Vec<&str> = ["install", "--yes", "--no-install-recommends"]
        .into_iter()
        .chain(packages.split(' '))
        .collect();
    runner.run_quietly(&apt(&words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_programs_on_the_path_alone() {
        let runner = Runner::default();
        assert!(find(&runner, "sh").is_some_and(|sh| sh.ends_with("sh")));
        assert_eq!(find(&runner, "no-such-program"), None);
    }

    #[test]
    fn asks_for_nothing_where_all_is_there() {
        let sh = Program {
            name: "sh",
            package: "no-such-package",
        };
        assert!(ensure(&Runner::default(), &[sh], &["no-such-package-either"]).is_ok());
    }
}
