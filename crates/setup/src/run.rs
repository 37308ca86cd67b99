//! A command's frame with a store behind it.

use std::process::ExitCode;

use clap::Command;
use failure::Failure;
use ui::{Common, Context, Flags, Hooks};

use crate::{complete, config};

/// The store's answers to what a command's frame asks.
const HOOKS: Hooks = Hooks {
    names: complete::names,
    warnings,
    is_writing: registry::is_writing,
    stop_writing: registry::stop_writing,
    remove_unfinished: registry::remove_unfinished,
};

/// How many of a config's unknown keys are named: a config may hold any number.
const MOST_WARNINGS: usize = 10;

/// Reads the command line, does the work, says what failed, and gives the exit code.
pub fn run<F: Flags>(work: impl FnOnce(F, &mut Context) -> Result<(), Failure>) -> ExitCode {
    ui::run(HOOKS, work)
}

/// A command as it is parsed, completed and documented.
pub fn command<F: Flags>() -> Command {
    ui::command::<F>(HOOKS.names)
}

/// The config's unknown keys. A config that can't be read is said by the command, if it needs one.
fn warnings(common: &Common) -> Vec<String> {
    let Ok(config) = config(common) else {
        return Vec::new();
    };
    let mut warnings: Vec<_> = config.warnings().collect();
    if let Some(more @ 1..) = warnings.len().checked_sub(MOST_WARNINGS) {
        warnings.truncate(MOST_WARNINGS);
        warnings.push(format!("the config has {more} more unknown keys"));
    }
    warnings
}
