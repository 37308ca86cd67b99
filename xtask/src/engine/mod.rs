//! The container engine that a task works with: the one that answers, else a private one for as long as the task runs.

mod namespace;
pub(crate) mod podman;
pub(crate) mod private;
pub(crate) mod rootless;
pub(crate) mod system;

use std::time::Duration;

use camino::Utf8Path;

use crate::Error;
use crate::packages::{self, Program};
use crate::process::{Runner, command};
use private::{Daemon, PrivateEngine};

/// What a private engine needs. `slirp4netns` gives it a network of its own without touching the host's.
const PROGRAMS: [Program; 6] = [
    Program {
        name: "docker",
        package: "docker.io",
    },
    Program {
        name: "dockerd",
        package: "docker.io",
    },
    Program {
        name: "iptables",
        package: "iptables",
    },
    Program {
        name: "slirp4netns",
        package: "slirp4netns",
    },
    Program {
        name: "unshare",
        package: "util-linux",
    },
    Program {
        name: "setpriv",
        package: "util-linux",
    },
];
/// From Debian 13 on the client is a package of its own, which `docker.io` only recommends.
const CLIENT: Program = Program {
    name: "docker",
    package: "docker-cli",
};
/// Where the kernel enforces AppArmor, the engine starts no container without AppArmor's parser.
const APPARMOR: Program = Program {
    name: "apparmor_parser",
    package: "apparmor",
};
/// A remote engine may take its time; one that takes longer is of no use.
const PROBE: Duration = Duration::from_secs(30);

/// An engine that answers. Dropping it stops it, if the task started it.
#[derive(Debug)]
pub(crate) struct Engine {
    program: String,
    private: Option<PrivateEngine>,
}

impl Engine {
    /// Finds the engine that the user's environment names, or starts one and points the runner's children at it.
    pub(crate) fn find_or_start(runner: &mut Runner, target: &Utf8Path) -> Result<Self, Error> {
        let program = runner
            .variable("IMG_ENGINE")
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| "docker".into());
        let silent = match probe(runner, &program)? {
            Answer::Version(version) => {
                eprintln!("engine: `{program}` answers, version {version}");
                return Ok(Self {
                    program,
                    private: None,
                });
            }
            Answer::None(why) => why,
        };
        let host = runner
            .variable("DOCKER_HOST")
            .filter(|host| !host.is_empty());
        let named = host
            .as_ref()
            .map(|host| format!(" (DOCKER_HOST is `{host}`)"))
            .unwrap_or_default();
        eprintln!("engine: `{program}` does not answer{named}: {silent}");
        allowed(&program)?;

        install(runner)?;
        // Installing the package starts the system's engine where there is an init system.
        if host.is_none()
            && let Answer::Version(version) = probe(runner, &program)?
        {
            eprintln!("engine: `{program}` answers now, version {version}");
            return Ok(Self {
                program,
                private: None,
            });
        }
        Self::start(runner, target, program)
    }

    /// Starts a private engine for the tests, or else finds one. The tests' images then stay out of the user's engine, and the
    /// kernel's own storage driver is twice as fast as others. If the user names an engine, that is the one.
    pub(crate) fn start_or_find(runner: &mut Runner, target: &Utf8Path) -> Result<Self, Error> {
        let is_named = ["IMG_ENGINE", "DOCKER_HOST", "DOCKER_CONTEXT"]
            .iter()
            .any(|name| runner.variable(name).is_some_and(|value| !value.is_empty()));
        if !is_named && allowed("docker").is_ok() {
            match install(runner).and_then(|()| Self::start(runner, target, "docker".into())) {
                Ok(own) => return Ok(own),
                Err(interrupted @ Error::Interrupted { .. }) => return Err(interrupted),
                Err(error) => eprintln!("engine: {error}"),
            }
        }
        Self::find_or_start(runner, target)
    }

    fn start(runner: &mut Runner, target: &Utf8Path, program: String) -> Result<Self, Error> {
        eprintln!("engine: starting a private one, which ends with this task");
        for variable in [
            "DOCKER_CONTEXT",
            "DOCKER_TLS",
            "DOCKER_TLS_VERIFY",
            "DOCKER_CERT_PATH",
        ] {
            runner.set(variable, None);
        }
        let private = PrivateEngine::start(runner, &target.join("engine"), Daemon::default())?;
        runner.set("DOCKER_HOST", Some(private.host()));
        eprintln!("engine: {} answers", private.host());
        Ok(Self {
            program,
            private: Some(private),
        })
    }

    /// The one that answers already, if any; starts nothing.
    pub(crate) fn find(runner: &Runner) -> Result<Option<Self>, Error> {
        let program = runner
            .variable("IMG_ENGINE")
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| "docker".into());
        let found = matches!(probe(runner, &program)?, Answer::Version(_));
        Ok(found.then_some(Self {
            program,
            private: None,
        }))
    }

    /// The engine's program.
    pub(crate) fn program(&self) -> &str {
        &self.program
    }

    /// Whether its program is podman.
    pub(crate) fn is_podman(&self) -> bool {
        Utf8Path::new(&self.program).file_name() == Some("podman")
    }

    /// Whether it goes, with all its images, when the task ends.
    pub(crate) fn is_private(&self) -> bool {
        self.private.is_some()
    }
}

enum Answer {
    Version(String),
    None(String),
}

fn probe(runner: &Runner, program: &str) -> Result<Answer, Error> {
    let timeout = PROBE.as_secs().to_string();
    let words = [
        "timeout",
        &timeout,
        program,
        "version",
        "--format",
        "{{.Server.Version}}",
    ];
    // podman without a service has no server; its client is the engine.
    let local = [
        "timeout",
        &timeout,
        program,
        "version",
        "--format",
        "{{.Client.Version}}",
    ];
    let words = if is_docker(program) { words } else { local };
    match runner.read_all(&command(words)) {
        Ok(version) => Ok(Answer::Version(version)),
        Err(Error::Failed { code: 124, .. }) => {
            Ok(Answer::None(format!("no answer within {timeout} s")))
        }
        Err(Error::Failed {
            code: 126 | 127, ..
        }) => Ok(Answer::None("not found".into())),
        Err(Error::Failed { tail, code, .. }) => {
            let last = tail
                .as_deref()
                .and_then(|tail| tail.lines().last().map(str::to_owned));
            Ok(Answer::None(
                last.unwrap_or_else(|| format!("ended with code {code}")),
            ))
        }
        Err(other) => Err(other),
    }
}

fn is_docker(program: &str) -> bool {
    Utf8Path::new(program).file_name() == Some("docker")
}

fn allowed(program: &str) -> Result<(), Error> {
    let refuse = |what: &str, hint: &str| {
        Err(Error::Engine {
            what: what.into(),
            hint: hint.into(),
        })
    };
    if program != "docker" {
        let hint = "install what IMG_ENGINE names, or unset it to work with docker";
        return refuse(
            "no container engine answers, and IMG_ENGINE asks for one that can't be started from here",
            hint,
        );
    }
    let hint = "install Docker (https://docs.docker.com/engine/install/) or podman (and set IMG_ENGINE=podman), start it, and see that \
                `docker version` shows a server";
    if !Utf8Path::new("/usr/bin/apt-get").is_file() {
        return refuse(
            "no container engine answers; a private one is started on Debian and Ubuntu alone",
            hint,
        );
    }
    if !packages::is_root() {
        return refuse(
            "no container engine answers, and only root can start one",
            hint,
        );
    }
    Ok(())
}

fn install(runner: &Runner) -> Result<(), Error> {
    let has_client_package = runner.succeeds(&command(["apt-cache", "show", CLIENT.package]))?;
    let extra: &[&str] = if has_client_package {
        &["ca-certificates", CLIENT.package]
    } else {
        &["ca-certificates"]
    };
    packages::ensure(runner, &PROGRAMS, extra)?;
    if Utf8Path::new("/sys/kernel/security/apparmor/profiles").exists() {
        packages::ensure(runner, &[APPARMOR], &[])?;
    }
    Ok(())
}
