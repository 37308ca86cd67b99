//! The config and the store that the flags name.

use camino::Utf8Path;
use config::Config;
use failure::Failure;
use registry::{Store, Usage};
use ui::{Common, working_dir};

/// The config that was named, or is the nearest; an empty one where there is none.
pub fn config(common: &Common) -> Result<Config, Failure> {
    Ok(Config::find(&working_dir()?, common.config.as_deref())?)
}

/// The store around the registry that was named, or is the nearest.
pub fn store(common: &Common) -> Result<Store, Failure> {
    locate(common.registry.as_deref(), &config(common)?)
}

/// The store around the registry that was named, or that the config names, or is the nearest.
pub(crate) fn locate(named: Option<&Utf8Path>, config: &Config) -> Result<Store, Failure> {
    // A variable that is set to nothing, as CI systems do, is not set.
    let named = named.filter(|path| !path.as_str().is_empty());
    let named = named.or(config.registry.as_deref());
    let usage = match config.local_usage {
        true => Usage::Local,
        false => Usage::Registry,
    };
    Ok(Store::locate(&working_dir()?, named).with_usage(usage))
}
