//! The flags of commands that reach remote registries.

use std::{env, fs, io};

use camino::Utf8PathBuf;
use clap::Args;
use remote::{OnRetry, Options, Remote};

use failure::Failure;

use crate::{Common, Reporter, absolute};

/// The program where none is named.
const SKOPEO: &str = "skopeo";

/// How remote registries are reached.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Remote registries")]
pub struct RemoteFlags {
    /// Allow plain HTTP and untrusted certificates
    #[arg(long, hide_short_help = true)]
    insecure: bool,

    /// Read credentials from this file
    ///
    /// Default: the files that `skopeo login`, `podman login` and `docker login` write.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    authfile: Option<Utf8PathBuf>,

    /// Retry transient failures up to N times
    #[arg(long, value_name = "N", default_value_t = 3, hide_short_help = true)]
    retry: u32,

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
    /// Registries as the flags say. What is tried again is told.
    pub fn remote(&self, common: &Common, reporter: &Reporter) -> Result<Remote, Failure> {
        let program = match self.skopeo.as_str() {
            "" => SKOPEO.into(),
            // It is run in another folder.
            named if named.contains('/') => absolute(&self.skopeo)?,
            _ => self.skopeo.clone(),
        };
        let reporter = reporter.clone();
        let options = Options {
            insecure: self.insecure,
            authfile: self.authfile.as_deref().map(absolute).transpose()?,
            retries: self.retry,
            timeout: common.engine_timeout,
            no_runtime_folder: is_locked_out(),
            on_retry: OnRetry::new(move |error, pause| {
                reporter.info(format!("{error}; trying again in {} s", pause.as_secs()));
            }),
        };
        Ok(Remote::new(program, options))
    }
}

/// Whether somebody else's folder is where skopeo looks for credentials of a user without a folder for the session: root makes
/// `/run/containers` for itself, by running podman once, and skopeo takes that for a failure.
fn is_locked_out() -> bool {
    let user = rustix::process::geteuid().as_raw();
    let file = format!("/run/containers/{user}/auth.json");
    let refused = |error: io::Error| error.kind() == io::ErrorKind::PermissionDenied;
    env::var_os("XDG_RUNTIME_DIR").is_none_or(|folder| folder.is_empty())
        && fs::symlink_metadata(file).is_err_and(refused)
}
