//! The parts of a clap command besides its own flags: version, environment, completion of values.

use clap::Command;

use crate::parts::unwrapped;
use crate::{Flags, Names, complete};

/// The version, with the commit if known: `0.1.0 (abc1234 2026-11-26)`.
pub const VERSION: &str = env!("IMGPIPE_VERSION");

/// Environment variables without a flag: name, effect, and the flag that the command must have.
const VARIABLES: [(&str, &str, Option<&str>); 5] = [
    (
        "IMG_RUN",
        "The run that holds the images, if --run is not given. Without it, the CI job: GITHUB_RUN_ID with \
         RUNNER_TRACKING_ID, else with GITHUB_RUN_ATTEMPT, GITHUB_JOB and RUNNER_NAME; CI_JOB_ID; BUILD_TAG with NODE_NAME \
         and EXECUTOR_NUMBER.",
        Some("run"),
    ),
    (
        "IMG_RUN",
        "The run that --release without an ID means. Without it, the CI job, as in imgload.",
        Some("release"),
    ),
    (
        "NO_COLOR",
        "If it is set and not empty, help and errors have no colours.",
        None,
    ),
    (
        "IMG_LOG",
        "The level of the log on standard error: debug (as -vv) logs each command that is run, trace (as -vvv) also its start.",
        None,
    ),
    (
        "DOCKER_HOST, CONTAINER_HOST and the like",
        "The engine's program reads them itself.",
        Some("engine"),
    ),
];

/// A command for parsing, completion (with these names) and documentation.
pub fn command<F: Flags>(names: Names) -> Command {
    let values = |arg| complete::values(arg, names);
    let command = F::command().version(VERSION).mut_args(values);
    let own = command.get_after_long_help();
    let own = own.map_or_else(String::new, |text| {
        format!("{}\n\n", unwrapped(&text.to_string()))
    });
    let environment = environment(&command);
    command.after_long_help(format!("{own}{environment}"))
}

/// The environment variables of a command: with a flag, and without.
fn environment(command: &Command) -> String {
    let mut text = "Environment:".to_owned();
    let mut add =
        |name: &str, meaning: &str| text.push_str(&format!("\n  {name}\n      {meaning}"));
    for arg in command.get_arguments() {
        if let (Some(name), Some(flag)) = (arg.get_env(), arg.get_long()) {
            add(
                &name.to_string_lossy(),
                &format!("As --{flag}, which wins."),
            );
        }
    }
    let has = |id: &str| command.get_arguments().any(|arg| arg.get_id() == id);
    for (name, meaning, flag) in VARIABLES {
        if flag.is_none_or(has) {
            add(name, meaning);
        }
    }
    text
}
