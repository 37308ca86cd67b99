//! Opens the config and the store that the flags name.

use camino::Utf8Path;
use config::Config;
use failure::Failure;
use registry::{Store, Usage};
use ui::{Common, working_dir};

/// The named config, or else the nearest, or else an empty one.
pub fn config(common: &Common) -> Result<Config, Failure> {
    Ok(Config::find(&working_dir()?, common.config.as_deref())?)
}

/// The store of the named registry, or else of the nearest.
pub fn store(common: &Common) -> Result<Store, Failure> {
    locate(common.registry.as_deref(), &config(common)?)
}

/// The store of the named registry, or else of the config's, or else of the nearest.
pub(crate) fn locate(named: Option<&Utf8Path>, config: &Config) -> Result<Store, Failure> {
    // An empty variable counts as not set: CI systems set such variables.
    let named = named.filter(|path| !path.as_str().is_empty());
    let named = named.or(config.registry.as_deref());
    let usage = match config.local_usage {
        true => Usage::Local,
        false => Usage::Registry,
    };
    Ok(Store::locate(&working_dir()?, named).with_usage(usage))
}
