//! The flags of commands that use remote registries.

use camino::Utf8PathBuf;
use clap::Args;
use failure::Failure;

use crate::absolute;

/// The default program.
const SKOPEO: &str = "skopeo";

/// How remote registries are reached.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Remote registries")]
pub struct RemoteFlags {
    /// Allow plain HTTP and untrusted certificates
    #[arg(long, hide_short_help = true)]
    pub insecure: bool,

    /// Read credentials from this file
    ///
    /// Default: the files that `skopeo login`, `podman login` and `docker login` write.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    authfile: Option<Utf8PathBuf>,

    /// Retry transient failures up to N times
    #[arg(long, value_name = "N", default_value_t = 3, hide_short_help = true)]
    pub retry: u32,

    /// Run this program to reach registries
    #[arg(
        long,
        value_name = "PROGRAM",
        env = "IMG_SKOPEO",
        default_value = SKOPEO,
        hide_env_values = true,
        hide_short_help = true
    )]
    skopeo: Utf8PathBuf,
}

impl RemoteFlags {
    /// The program for registries, as a path that works in any folder.
    pub fn program(&self) -> Result<Utf8PathBuf, Failure> {
        match self.skopeo.as_str() {
            "" => Ok(SKOPEO.into()),
            named if named.contains('/') => absolute(&self.skopeo),
            _ => Ok(self.skopeo.clone()),
        }
    }

    /// The file with credentials, if one was named.
    pub fn authfile(&self) -> Result<Option<Utf8PathBuf>, Failure> {
        self.authfile.as_deref().map(absolute).transpose()
    }
}
