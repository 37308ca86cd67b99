//! Secrets of a build. `RUN --mount=type=secret` reads them, and no layer holds them.

use crate::flavor::Flavor;
use crate::{Build, Engine, Error};

impl Engine {
    /// Refuses a build that the engine's builder cannot do, before it starts: secrets for Docker's legacy builder, or arguments
    /// that the client would read as its own settings.
    pub fn check_build(&self, build: &Build) -> Result<(), Error> {
        let version = self.probe()?;
        build.check_arguments(&version)?;
        if build.secrets.is_empty() || version.flavor == Flavor::Podman || self.takes_secrets()? {
            return Ok(());
        }
        Err(Error::NoSecrets)
    }

    /// Whether Docker's client would build with BuildKit. Its help shows `--secret` only then (20.10 to 28). This depends on its
    /// version, `DOCKER_BUILDKIT`, the plugin and the daemon's setting.
    fn takes_secrets(&self) -> Result<bool, Error> {
        let help = self.call("build").arg("--help").answer()?;
        Ok(String::from_utf8_lossy(&help).contains("--secret"))
    }
}
