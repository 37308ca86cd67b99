//! The long form of the tests that kill commands and run many at once.

use camino::Utf8Path;

use crate::Error;
use crate::process::Runner;
use crate::steps::Steps;
use crate::test::{self, cargo_words};

/// The commands that are killed.
const COMMANDS: u32 = 4;

/// How much is tried.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Options {
    /// How often each command is killed
    #[arg(long, value_name = "N", default_value_t = 250)]
    kills: u32,

    /// How often sixteen commands run at once
    #[arg(long, value_name = "N", default_value_t = 20)]
    rounds: u32,
}

pub(crate) fn run(runner: &mut Runner, target: &Utf8Path, options: Options) -> Result<(), Error> {
    let mut steps = Steps::default();
    let engine = steps.run("engine", || test::engine(runner, target))?;
    let words = |name: &str| {
        let line = format!("test --package pipeline-tests --test {name}");
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        cargo_words(words.into_iter()).variable("IMG_ENGINE", engine.program())
    };
    let (kills, rounds) = (options.kills.to_string(), options.rounds.to_string());
    steps.run("killed", || {
        runner.run(&words("crash").variable("KILLS", &kills))
    })?;
    steps.run("together", || {
        runner.run(&words("together").variable("ROUNDS", &rounds))
    })?;
    eprintln!(
        "killed {} times, {rounds} rounds of sixteen commands: nothing was lost",
        options.kills * COMMANDS
    );
    Ok(())
}
