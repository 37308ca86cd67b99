//! The container engine of a task: the one that answers, else a private one for as long as the task runs.

pub(crate) mod podman;
pub(crate) mod private;
pub(crate) mod rootless;
pub(crate) mod system;

use std::any::Any;
use std::fs::File;

use camino::Utf8Path;

use crate::Error;
use crate::cmd::{Cmd, cmd, variable};
use crate::packages::{self, ensure};

/// `slirp4netns` gives a private engine a network of its own, and does not touch the host's.
const PROGRAMS: &str = "docker:docker.io dockerd:docker.io iptables slirp4netns \
                        unshare:util-linux setpriv:util-linux";
/// From Debian 13 on the client is in a package of its own, which `docker.io` only recommends.
const CLIENT: &str = "docker-cli";
/// podman without a service has no server: its client is the engine.
const VERSION: &str = "{{if .Server}}{{.Server.Version}}{{else}}{{.Client.Version}}{{end}}";

/// An engine that answers, and how commands reach it. If the task started it, dropping it stops it and removes its images.
#[derive(Debug)]
pub struct TestEngine {
    pub(crate) program: String,
    /// The words before a command that uses it: a program that runs the command somewhere else.
    prefix: Vec<String>,
    variables: Vec<(&'static str, String)>,
    /// Stops and removes it when dropped.
    guard: Option<Box<dyn Any + Send + Sync>>,
}

impl TestEngine {
    /// Finds the engine that the user's environment names, or starts one.
    pub(crate) fn find_or_start(target: &Utf8Path) -> Result<Self, Error> {
        if let Some(found) = Self::find()? {
            return Ok(found);
        }
        can_start()?;
        install()?;
        // Installing the package starts the system's engine if there is an init system.
        if variable("DOCKER_HOST").is_none()
            && let Some(found) = Self::find()?
        {
            return Ok(found);
        }
        Self::start(target)
    }

    /// Starts a private engine for the tests, or else finds one. The tests' images then stay out of the user's engine, and the
    /// kernel's own storage driver is twice as fast as others. If the user names an engine, that is the one.
    pub(crate) fn start_or_find(target: &Utf8Path) -> Result<Self, Error> {
        let names = ["IMG_ENGINE", "DOCKER_HOST", "DOCKER_CONTEXT"];
        let is_named = names.iter().any(|name| variable(name).is_some());
        if !is_named && can_start().is_ok() {
            match install().and_then(|()| Self::start(target)) {
                Ok(own) => return Ok(own),
                Err(interrupted @ Error::Interrupted(_)) => return Err(interrupted),
                Err(error) => eprintln!("engine: {error}"),
            }
        }
        Self::find_or_start(target)
    }

    fn start(target: &Utf8Path) -> Result<Self, Error> {
        eprintln!("engine: starting a private one, which ends with this task");
        private::start(&target.join("engine"), None, false)
    }

    /// The engine that answers, if any. Starts nothing.
    pub(crate) fn find() -> Result<Option<Self>, Error> {
        let engine = Self::of(named());
        let Self { program, .. } = &engine;
        let ask = cmd("timeout 30").arg(program);
        match ask.args(["version", "--format", VERSION]).read_quietly() {
            Ok(version) => {
                eprintln!("engine: `{program}` answers, version {version}");
                Ok(Some(engine))
            }
            Err(interrupted @ Error::Interrupted(_)) => Err(interrupted),
            Err(error) => {
                let host = variable("DOCKER_HOST").unwrap_or_else(|| "unset".into());
                eprintln!("engine: `{program}` does not answer (DOCKER_HOST: {host}): {error}");
                Ok(None)
            }
        }
    }

    /// The engine of a program, which answers.
    pub fn of(program: impl Into<String>) -> Self {
        Self {
            program: program.into(),
            prefix: Vec::new(),
            variables: Vec::new(),
            guard: None,
        }
    }

    /// Whether its program is podman.
    pub(crate) fn is_podman(&self) -> bool {
        Utf8Path::new(&self.program).file_name() == Some("podman")
    }

    /// Whether its images are removed when the task ends.
    pub(crate) fn is_private(&self) -> bool {
        self.guard.is_some()
    }

    /// Its version and storage driver.
    pub(crate) fn about(&self) -> Result<String, Error> {
        let version = self.cmd("version --format").arg(VERSION).read_quietly()?;
        // podman's field, and Docker's.
        let store = |field: &str| self.cmd("info --format").arg(field).read_quietly();
        let store = store("{{.Store.GraphDriverName}}").or_else(|_| store("{{.Driver}}"))?;
        Ok(format!("{version}, {store}"))
    }

    /// Makes a command use this engine.
    pub(crate) fn surround(&self, command: Cmd) -> Cmd {
        let command = command.preceded_by(&self.prefix).variables(&self.variables);
        command.variable("IMG_ENGINE", &self.program)
    }

    /// A command of the engine's program.
    pub(crate) fn cmd(&self, words: &str) -> Cmd {
        let words = words.split_whitespace();
        self.surround(Cmd::of(&self.program).args(words))
    }

    /// Removes an image, if it is there.
    pub(crate) fn remove(&self, image: &str) -> Result<(), Error> {
        if self.cmd("image inspect").arg(image).succeeds()? {
            self.cmd("rmi").arg(image).run_quietly()?;
            eprintln!("removed {image} from the engine");
        }
        Ok(())
    }
}

/// The program that the user's environment names.
fn named() -> String {
    variable("IMG_ENGINE").unwrap_or_else(|| "docker".into())
}

/// Fails if no private engine can be started.
fn can_start() -> Result<(), Error> {
    let install = "install Docker (https://docs.docker.com/engine/install/) or podman (and set IMG_ENGINE=podman), start it, \
                   and check that `docker version` shows a server";
    let refuse = |why: &str, hint| {
        let what = format!("no container engine answers, and {why}");
        Err(Error::engine(what, hint))
    };
    if named() != "docker" {
        let hint = "install what IMG_ENGINE names, or unset it to use docker";
        return refuse("IMG_ENGINE names one that can't be started here", hint);
    }
    if packages::find("apt-get").is_none() {
        let why = "a private one can only be started on Debian and Ubuntu";
        return refuse(why, install);
    }
    if !packages::is_root() {
        return refuse("only root can start a private one", install);
    }
    Ok(())
}

fn install() -> Result<(), Error> {
    let has_client = cmd("apt-cache show").arg(CLIENT).succeeds()?;
    let client = if has_client { CLIENT } else { "" };
    ensure(PROGRAMS, &format!("ca-certificates {client}"))?;
    // If the kernel enforces AppArmor, the engine starts no container without this parser.
    if Utf8Path::new("/sys/kernel/security/apparmor/profiles").exists() {
        ensure("apparmor_parser:apparmor", "")?;
    }
    Ok(())
}

/// Locks the folder of an engine. A second task waits for the first.
fn lock(folder: &Utf8Path) -> Result<File, Error> {
    crate::folders::create(folder)?;
    crate::folders::lock(&folder.join("lock"))
}
