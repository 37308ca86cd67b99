//! The flags of commands that fetch what is missing on the way.

use std::time::Duration;

use clap::Args;
use cli::{Common, RemoteFlags, Reporter};
use config::{Config, Published};
use engine::Engine;
use failure::Failure;
use registry::Store;
use remote::Remote;

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

/// What fetches, if that is wanted.
#[derive(Debug)]
pub struct Missing {
    remote: Remote,
    published: Option<Published>,
}

impl FetchFlags {
    /// What flags and config say together; a flag wins. `None` where nothing is to be fetched.
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
            remote: self.remote.remote(common, reporter)?,
            published: Published::configured(config)?,
        }))
    }
}

impl Missing {
    /// What fetches into a store.
    pub fn fetcher<'a>(
        &'a self,
        store: &'a Store,
        engine: &'a Engine,
        reporter: &'a Reporter,
        lock_timeout: Duration,
    ) -> Fetcher<'a> {
        Fetcher {
            store,
            remote: &self.remote,
            engine,
            reporter,
            lock_timeout,
            form: Form::default(),
            make_room: None,
            published: self.published.clone(),
            offline: false,
            update: false,
            architecture: None,
        }
    }
}
