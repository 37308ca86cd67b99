//! The container engine of a task: the one that answers, else a private one for as long as the task runs.

mod namespace;
pub(crate) mod podman;
pub(crate) mod private;
pub(crate) mod rootless;
pub(crate) mod system;

use std::any::Any;
use std::fs::{File, TryLockError};
use std::time::Duration;

use camino::Utf8Path;

use crate::Error;
use crate::cmd::{Cmd, cmd, set_variable, variable, wait_until};
use crate::packages::{self, ensure};

/// `slirp4netns` gives a private engine a network of its own, and does not touch the host's.
const PROGRAMS: &str = "docker:docker.io dockerd:docker.io iptables slirp4netns \
                        unshare:util-linux setpriv:util-linux";
/// From Debian 13 on the client is in a package of its own, which `docker.io` only recommends.
const CLIENT: &str = "docker-cli";
/// How many seconds an engine may take to answer.
const PROBE: u32 = 30;
/// podman without a service has no server: its client is the engine.
const VERSION: &str = "{{if .Server}}{{.Server.Version}}{{else}}{{.Client.Version}}{{end}}";

/// An engine that answers, and how commands reach it. If the task started it, dropping it stops it and removes its images.
#[derive(Debug)]
pub(crate) struct Engine {
    program: String,
    /// The words before a command that uses it: a program that runs the command somewhere else.
    prefix: Vec<String>,
    variables: Vec<(&'static str, String)>,
    /// Stops and removes it when dropped.
    guard: Option<Box<dyn Any>>,
}

impl Engine {
    /// Finds the engine that the user's environment names, or starts one and sets the variables for all commands.
    pub(crate) fn find_or_start(target: &Utf8Path) -> Result<Self, Error> {
        let why = match Self::ask()? {
            Ok(found) => return Ok(found),
            Err(why) => why,
        };
        let program = Self::named();
        let host = variable("DOCKER_HOST");
        let named = host
            .as_ref()
            .map(|host| format!(" (DOCKER_HOST is `{host}`)"));
        eprintln!(
            "engine: `{program}` does not answer{}: {why}",
            named.unwrap_or_default()
        );
        can_start(&program)?;
        install()?;
        // Installing the package starts the system's engine if there is an init system.
        if host.is_none()
            && let Ok(found) = Self::ask()?
        {
            return Ok(found);
        }
        Self::start(target)
    }

    /// Starts a private engine for the tests, or else finds one. The tests' images then stay out of the user's engine, and the
    /// kernel's own storage driver is twice as fast as others. If the user names an engine, that is the one.
    pub(crate) fn start_or_find(target: &Utf8Path) -> Result<Self, Error> {
        let names = ["IMG_ENGINE", "DOCKER_HOST", "DOCKER_CONTEXT"];
        if !names.iter().any(|name| variable(name).is_some()) && can_start("docker").is_ok() {
            match install().and_then(|()| Self::start(target)) {
                Ok(own) => return Ok(own),
                Err(interrupted @ Error::Interrupted { .. }) => return Err(interrupted),
                Err(error) => eprintln!("engine: {error}"),
            }
        }
        Self::find_or_start(target)
    }

    fn start(target: &Utf8Path) -> Result<Self, Error> {
        eprintln!("engine: starting a private one, which ends with this task");
        for variable in [
            "DOCKER_CONTEXT",
            "DOCKER_TLS",
            "DOCKER_TLS_VERIFY",
            "DOCKER_CERT_PATH",
        ] {
            set_variable(variable, None);
        }
        let private = private::start(&target.join("engine"), None, false)?;
        for (name, value) in &private.variables {
            set_variable(name, Some(value.clone()));
        }
        Ok(private)
    }

    /// The engine that answers, if any. Starts nothing.
    pub(crate) fn find() -> Result<Option<Self>, Error> {
        Ok(Self::ask()?.ok())
    }

    /// The engine that answers, else why none does.
    fn ask() -> Result<Result<Self, String>, Error> {
        let program = Self::named();
        let timeout = cmd(&format!("timeout {PROBE}")).arg(&program);
        let answer = timeout
            .args(["version", "--format", VERSION])
            .read_quietly();
        Ok(Err(match answer {
            Ok(version) => {
                eprintln!("engine: `{program}` answers, version {version}");
                return Ok(Ok(Self::new(program)));
            }
            Err(Error::Failed { code: 124, .. }) => format!("no answer within {PROBE} s"),
            Err(Error::Failed {
                code: 126 | 127, ..
            }) => "not found".into(),
            Err(Error::Failed { tail, code, .. }) => match tail {
                Some(tail) => tail.lines().last().unwrap_or_default().to_owned(),
                None => format!("ended with code {code}"),
            },
            Err(other) => return Err(other),
        }))
    }

    fn named() -> String {
        variable("IMG_ENGINE").unwrap_or_else(|| "docker".into())
    }

    fn new(program: String) -> Self {
        Self {
            program,
            prefix: Vec::new(),
            variables: Vec::new(),
            guard: None,
        }
    }

    /// The engine's program.
    pub(crate) fn program(&self) -> &str {
        &self.program
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
        let store = if self.is_podman() {
            "{{.Store.GraphDriverName}}"
        } else {
            "{{.Driver}}"
        };
        let store = self.cmd("info --format").arg(store).read_quietly()?;
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
}

/// Refuses to start an engine if that can't work.
fn can_start(program: &str) -> Result<(), Error> {
    let install = "install Docker (https://docs.docker.com/engine/install/) or podman (and set IMG_ENGINE=podman), start it, \
                   and check that `docker version` shows a server";
    let (why, hint) = match program {
        "docker" if packages::find("apt-get").is_none() => (
            "a private one can only be started on Debian and Ubuntu",
            install,
        ),
        "docker" if !packages::is_root() => ("only root can start a private one", install),
        "docker" => return Ok(()),
        _ => (
            "IMG_ENGINE names one that can't be started from here",
            "install what IMG_ENGINE names, or unset it to use docker",
        ),
    };
    let what = format!("no container engine answers, and {why}");
    Err(Error::Engine {
        what,
        hint: hint.into(),
    })
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
    let path = folder.join("lock");
    let file = File::options().create(true).append(true).open(&path);
    let file = file.map_err(Error::io(&path))?;
    let mut is_told = false;
    wait_until(Duration::MAX, || match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::Error(source)) => Err(Error::io(&path)(source)),
        Err(TryLockError::WouldBlock) => {
            if !std::mem::replace(&mut is_told, true) {
                eprintln!("engine: waiting for another task that uses {folder}");
            }
            Ok(false)
        }
    })?;
    Ok(file)
}
