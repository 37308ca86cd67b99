//! A command's frame with a store.

use std::process::ExitCode;

use clap::Command;
use failure::Failure;
use ui::{Common, Context, Flags, Hooks};

use crate::{complete, config};

/// The store's hooks for a command's frame.
const HOOKS: Hooks = Hooks {
    names: complete::names,
    warnings,
    is_writing: registry::is_writing,
    stop_writing: registry::stop_writing,
    remove_unfinished: registry::remove_unfinished,
};

/// How many unknown keys of a config to name.
const MOST_WARNINGS: usize = 10;

/// Reads the command line, does the work, reports a failure, and returns the exit code.
pub fn run<F: Flags>(work: impl FnOnce(F, &mut Context) -> Result<(), Failure>) -> ExitCode {
    ui::run(HOOKS, work)
}

/// A command for parsing, completion and documentation.
pub fn command<F: Flags>() -> Command {
    ui::command::<F>(HOOKS.names)
}

/// Warnings of the config's unknown keys. If the config cannot be read, the command reports it, if it needs the config.
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
