//! The flags of every command.

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use failure::Failure;

use crate::progress::ProgressMode;
use crate::{Records, duration};

/// The default engine.
const ENGINE: &str = "docker";

/// The flags of every command.
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

    /// Use this engine
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
    pub progress: ProgressMode,

    /// Print one JSON object a line, not the bare result
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
    /// The engine's program. An empty variable counts as not set: CI systems set such variables.
    pub fn program(&self) -> &Utf8Path {
        match self.engine.as_str() {
            "" => ENGINE.into(),
            _ => &self.engine,
        }
    }

    /// The operands, or standard input, split by `--null`; `what` names them in messages.
    pub fn input(&self, operands: Vec<String>, what: &str) -> Result<Records, Failure> {
        Records::new(operands, self.null, what)
    }
}
