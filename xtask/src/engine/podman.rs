//! A podman with images, settings and state of its own in one folder, beside whatever podman the machine has.
//!
//! As root, what uses it runs in a mount and process namespace: podman mounts its storage and leaves it mounted, and
//! keeps a process for each user without root. Both end with the namespace.

use std::fs::File;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use super::private::lock;
use super::system::{Mounted, System};
use crate::packages::{self, Program, find};
use crate::process::{Command, Runner, command};
use crate::{Error, clean};

/// This machine's podman, and what it needs to run containers.
const PROGRAMS: [Program; 2] = [
    Program {
        name: "podman",
        package: "podman",
    },
    Program {
        name: "runc",
        package: "runc",
    },
];
/// How often somebody looks whether another system is mounted, and the pause between.
const STEPS: u32 = 100;
const STEP: Duration = Duration::from_millis(100);
/// Begins a command in namespaces that end with it.
const APART: [&str; 7] = [
    "unshare",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
    "--",
];

/// A podman of the task's own. Dropping it removes its images.
#[derive(Debug)]
pub(crate) struct Podman {
    program: String,
    folder: Utf8PathBuf,
    apart: bool,
    _mounted: Option<Mounted>,
    _lock: File,
}

impl Podman {
    /// Prepares one with its folder at `folder`: this machine's, or that of another system.
    pub(crate) fn start(
        runner: &Runner,
        folder: &Utf8Path,
        system: Option<&System>,
    ) -> Result<Self, Error> {
        std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
        let lock = lock(runner, folder)?;
        let data = folder.join("data");
        clean::storage(&data)?;
        std::fs::create_dir_all(&data).map_err(Error::io(&data))?;
        let (program, mounted) = match system {
            Some(system) => {
                let (mounted, process) = system.mount(runner, &folder.join("log"))?;
                let program = system.entrance(folder, process, "podman")?;
                (program.into_string(), Some(mounted))
            }
            None => {
                packages::ensure(runner, &PROGRAMS, &[])?;
                ("podman".to_owned(), None)
            }
        };
        let podman = Self {
            program,
            folder: folder.to_owned(),
            apart: packages::is_root() && system.is_none(),
            _mounted: mounted,
            _lock: lock,
        };
        podman.wait(runner)?;
        let mut refusal = Error::Wrong("no storage driver to try".into());
        for driver in drivers(runner) {
            // A podman goes by what it finds there, not by its settings.
            clean::storage(&data)?;
            std::fs::create_dir_all(&data).map_err(Error::io(&data))?;
            settle(folder, &data, driver, "graphroot")?;
            match runner.run_quietly(&podman.command(&["info"])) {
                Ok(()) => return Ok(podman),
                Err(Error::Failed { tail, .. }) => {
                    refusal = Error::Engine {
                        what: format!("podman does not work: {}", tail.unwrap_or_default()),
                        hint: "see whether `podman info` works outside of the tests".into(),
                    };
                }
                Err(other) => return Err(other),
            }
        }
        Err(refusal)
    }

    /// Waits until another system is mounted.
    fn wait(&self, runner: &Runner) -> Result<(), Error> {
        for _ in 0..STEPS {
            if runner.succeeds(&command([self.program(), "--version"]))? {
                break;
            }
            runner.pause(STEP)?;
        }
        Ok(())
    }

    /// What `IMG_ENGINE` must hold.
    pub(crate) fn program(&self) -> &str {
        &self.program
    }

    /// A command of this podman's.
    fn command(&self, words: &[&str]) -> Command {
        self.surround(&[&[self.program.as_str()], words].concat())
    }

    /// A command whose podman, and that of all it starts, is this one.
    pub(crate) fn surround(&self, words: &[&str]) -> Command {
        self.surround_command(command(words.iter().copied()))
    }

    /// The same for a command that is made already.
    pub(crate) fn surround_command(&self, command: Command) -> Command {
        let apart = APART.into_iter().filter(|_| self.apart);
        command
            .preceded_by(apart)
            .variable("CONTAINERS_STORAGE_CONF", self.folder.join("storage.conf"))
            .variable("CONTAINERS_CONF", self.folder.join("containers.conf"))
            .variable("IMG_ENGINE", &self.program)
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        if let Err(why) = clean::storage(&self.folder.join("data")) {
            eprintln!("engine: {why}");
        }
    }
}

/// Storage drivers in the order of trying, with the program that mounts for them: the kernel's own, then those that need
/// less of it.
fn drivers(runner: &Runner) -> impl Iterator<Item = (&'static str, Option<Utf8PathBuf>)> {
    let fuse = find(runner, "fuse-overlayfs").map(|program| ("overlay", Some(program)));
    [Some(("overlay", None)), fuse, Some(("vfs", None))]
        .into_iter()
        .flatten()
}

/// Writes the settings; `root` is what podman calls the place of the images. The network is the host's, because one of its own would be a device of the host's; limits
/// of processes stay as they are, because raising them may not be allowed.
pub(crate) fn settle(
    folder: &Utf8Path,
    data: &Utf8Path,
    (driver, program): (&str, Option<Utf8PathBuf>),
    root: &str,
) -> Result<(), Error> {
    let options = program.map_or_else(String::new, |program| {
        format!("[storage.options.overlay]\nmount_program = \"{program}\"\n")
    });
    let storage = format!(
        "[storage]\ndriver = \"{driver}\"\n{root} = \"{data}/storage\"\n\
         runroot = \"{data}/run\"\n{options}"
    );
    let containers = format!(
        "[containers]\nnetns = \"host\"\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=1024:1024\"]\n\
         [engine]\ncgroup_manager = \"cgroupfs\"\nevents_logger = \"none\"\ntmp_dir = \"{data}/tmp\"\n"
    );
    for (name, text) in [("storage.conf", storage), ("containers.conf", containers)] {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(Error::io(&path))?;
    }
    Ok(())
}
