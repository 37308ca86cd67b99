//! Secrets of a build, which `RUN --mount=type=secret` reads and no layer holds.

use crate::flavor::Flavor;
use crate::{Build, Engine, Error};

impl Engine {
    /// Refuses a build that the engine's builder can't do as it was asked, before anything is built: secrets for Docker's legacy
    /// builder, arguments that the client would take for its own.
    pub fn check_build(&self, build: &Build) -> Result<(), Error> {
        let version = self.probe()?;
        build.check_arguments(&version)?;
        if build.secrets.is_empty() || version.flavor == Flavor::Podman || self.takes_secrets()? {
            return Ok(());
        }
        Err(Error::NoSecrets)
    }

    /// Whether Docker's client would build with BuildKit. Its help shows `--secret` only then (20.10 to 28), whatever the reason:
    /// its version, `DOCKER_BUILDKIT`, the plugin, the daemon's own wish.
    fn takes_secrets(&self) -> Result<bool, Error> {
        let help = self.call("build").arg("--help").answer()?;
        Ok(String::from_utf8_lossy(&help).contains("--secret"))
    }
}
