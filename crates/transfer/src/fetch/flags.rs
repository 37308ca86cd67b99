//! The flags of commands that fetch missing archives.

use clap::Args;
use config::{Config, Published};
use failure::Failure;
use remote::{OnRetry, Options, Remote};
use ui::{Common, RemoteFlags, Reporter};

use crate::Session;
use crate::fetch::Fetcher;
use crate::save::Form;

/// Whether an archive that is missing is fetched.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Remote registries")]
pub struct FetchFlags {
    /// Download missing archives of registered images, as imgfetch does
    ///
    /// Default: images.fetch of the config, or else no download.
    #[arg(long, overrides_with = "no_fetch", hide_short_help = true)]
    fetch: bool,

    /// Download nothing, even if the config says so
    #[arg(long, hide_short_help = true)]
    no_fetch: bool,

    #[command(flatten)]
    remote: RemoteFlags,
}

/// The access to registries according to the flags. Reports retries.
pub fn remote(
    flags: &RemoteFlags,
    common: &Common,
    reporter: &Reporter,
) -> Result<Remote, Failure> {
    let reporter = reporter.clone();
    let options = Options {
        insecure: flags.insecure,
        authfile: flags.authfile()?,
        retries: flags.retry,
        timeout: common.engine_timeout,
        no_runtime_folder: ui::is_locked_out(),
        on_retry: OnRetry::new(move |retry| reporter.info(retry)),
    };
    Ok(Remote::new(flags.program()?, options))
}

/// A fetcher's settings, if fetching is enabled.
#[derive(Debug)]
pub struct Missing {
    remote: Remote,
    published: Option<Published>,
}

impl FetchFlags {
    /// The result of flags and config; a flag wins. `None` disables fetching.
    pub fn missing(
        &self,
        common: &Common,
        config: &Config,
        reporter: &Reporter,
    ) -> Result<Option<Missing>, Failure> {
        let wanted = self.fetch || (config.fetch == Some(true) && !self.no_fetch);
        if !wanted {
            return Ok(None);
        }
        Ok(Some(Missing {
            remote: remote(&self.remote, common, reporter)?,
            published: Published::configured(config)?,
        }))
    }
}

impl Missing {
    /// A fetcher for a store.
    pub fn fetcher<'a>(&'a self, session: Session<'a>) -> Fetcher<'a> {
        Fetcher {
            session,
            remote: &self.remote,
            form: Form::default(),
            make_room: None,
            published: self.published.clone(),
            offline: false,
            update: false,
            architecture: None,
        }
    }
}
