//! The engines that can be tried, and how each is brought up.

use camino::{Utf8Path, Utf8PathBuf};

use crate::Error;
use crate::engine::Engine;
use crate::engine::podman::Podman;
use crate::engine::private::{Daemon, PrivateEngine};
use crate::engine::rootless::{Rootless, TAKE_ROOT};
use crate::engine::system::System;
use crate::process::{Command, Runner, command};

/// An engine that can be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    /// The one that answers, as for `cargo xtask test`
    Docker,
    /// This machine's podman
    Podman,
    /// This machine's podman, as a user who is not root
    PodmanRootless,
    /// The Docker of Debian 13, with a graph driver
    DockerTrixie,
    /// The Docker of Debian 13, with containerd's store
    DockerTrixieContainerd,
    /// The Docker of Debian unstable, with a graph driver
    DockerSid,
    /// The Docker of Debian unstable, with containerd's store
    DockerSidContainerd,
    /// The podman of Debian 13
    PodmanTrixie,
    /// The podman of Debian unstable
    PodmanSid,
}

/// An engine that answers, for as long as this lives.
#[derive(Debug)]
pub(crate) enum Running {
    Found(Engine),
    Private(PrivateEngine),
    Podman(Podman),
    Rootless(Rootless),
}

impl Kind {
    /// All, in the order of the table.
    pub(crate) const ALL: [Self; 9] = [
        Self::Docker,
        Self::DockerTrixie,
        Self::DockerTrixieContainerd,
        Self::DockerSid,
        Self::DockerSidContainerd,
        Self::Podman,
        Self::PodmanRootless,
        Self::PodmanTrixie,
        Self::PodmanSid,
    ];

    /// As the command line and the table call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::PodmanRootless => "podman-rootless",
            Self::DockerTrixie => "docker-trixie",
            Self::DockerTrixieContainerd => "docker-trixie-containerd",
            Self::DockerSid => "docker-sid",
            Self::DockerSidContainerd => "docker-sid-containerd",
            Self::PodmanTrixie => "podman-trixie",
            Self::PodmanSid => "podman-sid",
        }
    }

    /// The release of Debian that it comes from, where that is not this machine's system.
    fn suite(self) -> Option<&'static str> {
        match self {
            Self::Docker | Self::Podman | Self::PodmanRootless => None,
            Self::DockerTrixie | Self::DockerTrixieContainerd | Self::PodmanTrixie => {
                Some("trixie")
            }
            Self::DockerSid | Self::DockerSidContainerd | Self::PodmanSid => Some("sid"),
        }
    }
}

impl Running {
    /// Brings an engine up, with all that is its own below the target folder.
    pub(crate) fn start(runner: &mut Runner, target: &Utf8Path, kind: Kind) -> Result<Self, Error> {
        let folder = target.join("engines").join(kind.name());
        std::fs::create_dir_all(&folder).map_err(Error::io(&folder))?;
        let system = kind
            .suite()
            .map(|suite| System::find_or_make(runner, target, suite));
        let system = system.transpose()?;
        let daemon = |containerd| Daemon {
            system: system.as_ref(),
            containerd,
        };
        Ok(match kind {
            Kind::Docker => Self::Found(Engine::find_or_start(runner, target)?),
            Kind::Podman | Kind::PodmanTrixie | Kind::PodmanSid => {
                Self::Podman(Podman::start(runner, &folder, system.as_ref())?)
            }
            Kind::PodmanRootless => Self::Rootless(Rootless::start(runner, &folder, target)?),
            Kind::DockerTrixie | Kind::DockerSid => {
                Self::Private(PrivateEngine::start(runner, &folder, daemon(false))?)
            }
            Kind::DockerTrixieContainerd | Kind::DockerSidContainerd => {
                Self::Private(PrivateEngine::start(runner, &folder, daemon(true))?)
            }
        })
    }

    /// A command whose engine is this one.
    pub(crate) fn surround(&self, words: &[&str]) -> Command {
        match self {
            Self::Found(engine) => {
                command(words.iter().copied()).variable("IMG_ENGINE", engine.program())
            }
            Self::Private(engine) => command(words.iter().copied())
                .variable("IMG_ENGINE", engine.program())
                .variable("DOCKER_HOST", engine.host()),
            Self::Podman(podman) => podman.surround(words),
            Self::Rootless(rootless) => rootless.surround(words),
        }
    }

    fn program(&self) -> &str {
        match self {
            Self::Found(engine) => engine.program(),
            Self::Private(engine) => engine.program(),
            Self::Podman(podman) => podman.program(),
            Self::Rootless(_) => "podman",
        }
    }

    /// Where a test program is for whoever runs it.
    pub(crate) fn bring(&self, program: &Utf8Path) -> Result<Utf8PathBuf, Error> {
        match self {
            Self::Rootless(rootless) => rootless.bring(program),
            _ => Ok(program.to_owned()),
        }
    }

    /// Tests that can't be run by whoever runs them there.
    pub(crate) fn leaves_out(&self) -> &'static [&'static str] {
        match self {
            Self::Rootless(_) => &TAKE_ROOT,
            _ => &[],
        }
    }

    /// What the engine says of its version and its storage.
    pub(crate) fn version(&self, runner: &Runner) -> Result<String, Error> {
        let podman = matches!(self, Self::Podman(_) | Self::Rootless(_));
        let (of_engine, of_store) = if podman {
            ("{{.Client.Version}}", "{{.Store.GraphDriverName}}")
        } else {
            ("{{.Server.Version}}", "{{.Driver}}")
        };
        let ask = |verb, format| {
            let words = [self.program(), verb, "--format", format];
            runner.read_all(&self.surround(&words))
        };
        let (version, store) = (ask("version", of_engine)?, ask("info", of_store)?);
        Ok(format!("{version}, {store}"))
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn every_kind_is_tried_by_the_name_that_the_command_line_takes() {
        assert_eq!(Kind::ALL.len(), Kind::value_variants().len());
        for kind in Kind::ALL {
            assert_eq!(Kind::from_str(kind.name(), false), Ok(kind));
        }
    }
}
