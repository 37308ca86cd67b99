//! Whether an engine can run programs of an architecture: by its processor, or by an emulator of its kernel (`binfmt_misc`,
//! Linux `Documentation/admin-guide/binfmt-misc.rst`).
//!
//! Emulators are read only from this machine's `/proc`. It describes the engine if the engine uses the same kernel. This process
//! must not be in a container, since `/proc` may hide them there.

use std::fs;
use std::path::Path;

use naming::Architecture;

use crate::flavor::Kernel;
use crate::{Engine, Error};

/// The kernel's list of emulators.
const EMULATORS: &str = "/proc/sys/fs/binfmt_misc";

/// The first PID namespace: the machine's (Linux, `PROC_PID_INIT_INO`).
const MACHINE: &str = "pid:[4026531836]";

impl Engine {
    /// The architecture of the engine's machine; `None` if it is missing or unknown.
    pub fn architecture(&self) -> Result<Option<Architecture>, Error> {
        Ok(self.probe()?.architecture)
    }

    /// Whether programs for `wanted` can run; `None` if this process cannot decide it.
    pub fn can_run(&self, wanted: Architecture) -> Result<Option<bool>, Error> {
        let version = self.probe()?;
        Ok(match version.architecture {
            None => None,
            Some(own) if own == wanted || is_native(own, wanted) => Some(true),
            Some(_) if is_here(&version.kernel) => emulates(Path::new(EMULATORS), wanted),
            Some(_) => None,
        })
    }
}

/// Whether every processor of one architecture runs programs of the other. Some `aarch64` processors run 32-bit Arm, others do
/// not.
fn is_native(own: Architecture, wanted: Architecture) -> bool {
    use Architecture::{Armv6, Armv7, X86, X86_64};
    matches!((own, wanted), (X86_64, X86) | (Armv7, Armv6))
}

/// Whether this process's `/proc` describes the engine's kernel.
fn is_here(kernel: &Kernel) -> bool {
    let is_machine =
        fs::read_link("/proc/self/ns/pid").is_ok_and(|path| path == Path::new(MACHINE));
    let own = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    is_machine
        && match kernel {
            Kernel::Own => true,
            Kernel::Release(release) => release == own.trim(),
            Kernel::Unknown => false,
        }
}

/// Whether the folder has an emulator for `wanted` that containers can use; `None` if they can use it only if they contain
/// its file.
fn emulates(folder: &Path, wanted: Architecture) -> Option<bool> {
    let status = fs::read_to_string(folder.join("status"));
    if !status.is_ok_and(|status| status.trim() == "enabled") {
        return Some(false);
    }
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let texts = entries.filter_map(|entry| fs::read_to_string(entry.path()).ok());
    let found: Vec<bool> = texts.filter_map(|text| is_fixed(&text, wanted)).collect();
    match found[..] {
        [] => Some(false),
        _ => found.contains(&true).then_some(true),
    }
}

/// For an entry that runs programs for `wanted`: whether its emulator was opened at registration (flag `F`). Then the
/// container need not contain its file.
fn is_fixed(entry: &str, wanted: Architecture) -> Option<bool> {
    let value = |key: &str| {
        let mut lines = entry.lines();
        lines.find_map(|line| line.strip_prefix(key)).map(str::trim)
    };
    let machine = machine(wanted);
    let is_meant = entry.starts_with("enabled")
        && value("magic ").is_some_and(|magic| magic.get(36..40) == Some(machine));
    is_meant.then(|| value("flags:").is_some_and(|flags| flags.contains('F')))
}

/// `e_machine` of an ELF header, bytes 18 and 19, in hexadecimal digits and the machine's byte order.
fn machine(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X86 => "0300",
        Architecture::Aarch64 => "b700",
        Architecture::Armv7 | Architecture::Armv6 => "2800",
        Architecture::Ppc64le => "1500",
        Architecture::S390x => "0016",
        Architecture::Riscv64 => "f300",
        _ => "3e00",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AARCH64: &str = "enabled\ninterpreter /usr/libexec/qemu-binfmt/aarch64-binfmt-P\nflags: POCF\noffset 0\n\
        magic 7f454c460201010000000000000000000200b700\nmask ffffffffffffff00fffffffffffffffffeffffff\n";

    #[test]
    fn emulators_are_known_by_what_they_run() {
        for (text, wanted, expected) in [
            (AARCH64.to_owned(), Architecture::Aarch64, Some(true)),
            (
                AARCH64.replace("POCF", "POC"),
                Architecture::Aarch64,
                Some(false),
            ),
            (
                AARCH64.replace("enabled", "disabled"),
                Architecture::Aarch64,
                None,
            ),
            (AARCH64.to_owned(), Architecture::Riscv64, None),
            (
                "enabled\ninterpreter /x\nflags: \nextension .exe\n".to_owned(),
                Architecture::X86,
                None,
            ),
            (String::new(), Architecture::X86, None),
        ] {
            assert_eq!(is_fixed(&text, wanted), expected, "{text}");
        }
    }

    #[test]
    fn without_the_list_there_is_no_emulator() {
        let folder = tempfile::tempdir().unwrap();
        let (path, wanted) = (folder.path(), Architecture::Aarch64);
        assert_eq!(emulates(path, wanted), Some(false));
        fs::write(path.join("status"), "enabled\n").unwrap();
        fs::write(path.join("python3"), "enabled\nextension .pyc\n").unwrap();
        assert_eq!(emulates(path, wanted), Some(false));
        fs::write(path.join("qemu"), AARCH64.replace("POCF", "P")).unwrap();
        assert_eq!(emulates(path, wanted), None);
        fs::write(path.join("box"), AARCH64).unwrap();
        assert_eq!(emulates(path, wanted), Some(true));
        fs::write(path.join("status"), "disabled\n").unwrap();
        assert_eq!(emulates(path, wanted), Some(false));
    }

    #[test]
    fn what_a_processor_runs_itself() {
        use Architecture::{Aarch64, Armv6, Armv7, X86, X86_64};
        for (own, wanted, expected) in [
            (X86_64, X86, true),
            (X86, X86_64, false),
            (Aarch64, Armv7, false),
            (Armv7, Armv6, true),
            (X86_64, Aarch64, false),
        ] {
            assert_eq!(is_native(own, wanted), expected, "{own} {wanted}");
        }
    }
}
