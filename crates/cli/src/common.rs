//! The flags that every command takes.

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use config::Config;
use failure::{Code, Failure};
use registry::{Store, Usage};

use crate::progress::Style;
use crate::{Input, duration};

/// The engine where none is named.
const ENGINE: &str = "docker";

/// The flags that every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Common options")]
pub struct Common {
    /// Use this registry file
    ///
    /// Default: images.registry of the config, or else the nearest image-registry.yml upward from here.
    #[arg(
        long,
        value_name = "FILE",
        env = "IMG_REGISTRY",
        hide_env_values = true
    )]
    pub registry: Option<Utf8PathBuf>,

    /// Use this config file
    ///
    /// Default: the nearest local-ci-config.yml or .localci.yml upward from here.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub config: Option<Utf8PathBuf>,

    /// Run this program as the container engine
    ///
    /// docker, podman, or a path to one of them.
    #[arg(
        long,
        value_name = "PROGRAM",
        env = "IMG_ENGINE",
        default_value = ENGINE,
        hide_env_values = true
    )]
    pub engine: Utf8PathBuf,

    /// Abort a command of the engine or of skopeo after DUR without I/O
    ///
    /// Default: never for the engine, since unpacking a large image takes minutes; 10m for skopeo.
    #[arg(long, value_name = "DUR", value_parser = duration::parse, hide_short_help = true)]
    pub engine_timeout: Option<Duration>,

    /// Print only warnings and errors on standard error
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Print details on standard error
    ///
    /// -vv also logs each command that is run, with its time and exit status, as IMG_LOG=debug does.
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// Show progress: auto, plain, or none
    ///
    /// auto draws a bar on a terminal. In a log it prints a line with the time of day every 15 seconds. plain
    /// prints such a line every five seconds.
    #[arg(
        long,
        value_enum,
        value_name = "STYLE",
        default_value = "auto",
        hide_possible_values = true,
        hide_short_help = true
    )]
    pub progress: Style,

    /// Print one JSON object a line instead of the bare result
    #[arg(long)]
    pub json: bool,

    /// End records with NUL instead of a newline, in input and output
    #[arg(short = '0', long, hide_short_help = true)]
    pub null: bool,

    /// Continue after a failure; exit with the code of the first failure
    #[arg(long, hide_short_help = true)]
    pub keep_going: bool,

    /// Wait up to DUR for a lock that another command holds
    #[arg(
        long,
        value_name = "DUR",
        default_value = "10m",
        value_parser = duration::parse,
        hide_short_help = true
    )]
    pub lock_timeout: Duration,
}

impl Common {
    /// The config that was named, or is the nearest; an empty one where there is none.
    pub fn config(&self) -> Result<Config, Failure> {
        Ok(Config::find(&working_dir()?, self.config.as_deref())?)
    }

    /// The store around the registry that was named, or is the nearest.
    pub fn store(&self) -> Result<Store, Failure> {
        locate(self.registry.as_deref(), &self.config()?)
    }

    /// The engine that was named.
    pub fn engine(&self) -> engine::Engine {
        let engine = match self.engine.as_str() {
            "" => engine::Engine::new(ENGINE),
            _ => engine::Engine::new(self.engine.clone()),
        };
        let engine = match spool_folder() {
            Some(folder) => engine.with_spools(folder),
            None => engine,
        };
        match self.engine_timeout {
            Some(limit) => engine.with_timeout(limit),
            None => engine,
        }
    }

    /// The operands, or standard input, as `--null` says; `what` names them for people.
    pub fn input(&self, operands: Vec<String>, what: &str) -> Result<Input, Failure> {
        Input::new(operands, self.null, what)
    }
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

/// Where podman's temporary folders go: where podman would put its files itself. `None` for a user without a runtime folder, since podman
/// then has its runtime files in the temporary folder, too.
fn spool_folder() -> Option<Utf8PathBuf> {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let user = rustix::process::geteuid();
    let has_runtime = user.is_root()
        || set("XDG_RUNTIME_DIR").is_some()
        || Utf8Path::new(&format!("/run/user/{}", user.as_raw())).is_dir();
    let folder = set("TMPDIR").unwrap_or_else(|| "/var/tmp".to_owned());
    has_runtime
        .then(|| absolute(folder.as_ref()).ok())
        .flatten()
}

/// The working directory. What is printed is relative to it.
pub fn working_dir() -> Result<Utf8PathBuf, Failure> {
    let here = std::env::current_dir().map_err(|error| {
        Failure::new(
            Code::Other,
            format!("the working directory can't be read: {error}"),
        )
    })?;
    Utf8PathBuf::from_path_buf(here).map_err(|path| {
        Failure::new(
            Code::Other,
            format!("the working directory `{}` is not UTF-8", path.display()),
        )
    })
}

/// A path that was given relative to the working directory, made absolute; links stay.
pub fn absolute(path: &Utf8Path) -> Result<Utf8PathBuf, Failure> {
    Ok(working_dir()?.join(path))
}
