//! The long form of the tests that kill commands, run many at once, damage archives, and move large images.
//!
//! The tests themselves count what they try. All of it is told at the end, also where something failed: then with
//! the seed that gives the same moments again.

mod room;
mod tally;

use camino::Utf8Path;

use crate::Error;
use crate::process::Runner;
use crate::steps::Steps;
use crate::test::{self, cargo_words};

/// How much is tried.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Options {
    /// How often each command is killed
    #[arg(long, value_name = "N", default_value_t = 250)]
    kills: u32,

    /// How often sixteen commands run at once
    #[arg(long, value_name = "N", default_value_t = 20)]
    rounds: u32,

    /// How many random sequences of commands a store goes through
    #[arg(long, value_name = "N", default_value_t = 200)]
    sequences: u32,

    /// How many archives with damage in them are read
    #[arg(long, value_name = "N", default_value_t = 50_000)]
    mutants: u32,

    /// How often an archive of a store is damaged and loaded
    #[arg(long, value_name = "N", default_value_t = 400)]
    loads: u32,

    /// How many gigabytes the large image has; 0 leaves it out
    #[arg(long, value_name = "GB", default_value_t = 10)]
    large: u32,

    /// Kill at the moments of an earlier run, which said its seed [default: a new one]
    #[arg(long, value_name = "N")]
    seed: Option<u32>,
}

pub(crate) fn run(runner: &mut Runner, target: &Utf8Path, options: Options) -> Result<(), Error> {
    let mut steps = Steps::default();
    let engine = steps.run("engine", || test::engine(runner, target))?;
    let tally = tempfile::NamedTempFile::new().map_err(Error::io("a temporary file"))?;
    let counts = tally.path().to_string_lossy().into_owned();
    let words = |name: &str| {
        let line = format!("test --package pipeline-tests --test {name}");
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let words = cargo_words(words.into_iter())
            .variable("IMG_ENGINE", engine.program())
            .variable("TALLY", &counts);
        match options.seed {
            Some(seed) => words.variable("SEED", seed.to_string()),
            None => words,
        }
    };
    let mut not_tried = Vec::new();
    let mut ended = Vec::new();
    let mut run = |title: &'static str, words| {
        ended.push((title, steps.run(title, || runner.run(&words))));
    };
    if options.kills > 0 {
        let kills = options.kills.to_string();
        run("killed", words("crash").variable("KILLS", &kills));
        // Calls that are killed, interrupted or have a rival.
        run("tags", words("tags anytime").variable("ROUNDS", &kills));
    }
    if options.rounds > 0 {
        let words = words("together").variable("ROUNDS", options.rounds.to_string());
        run("together", words);
    }
    if options.sequences > 0 {
        let words = words("kept").variable("SEQUENCES", options.sequences.to_string());
        run("kept", words);
    }
    if options.mutants > 0 {
        let words = words("mutants").variable("MUTANTS", options.mutants.to_string());
        run("mutants", words);
    }
    if options.loads > 0 {
        let words = words("damaged").variable("LOADS", options.loads.to_string());
        run("damaged", words);
    }
    if options.large > 0 {
        match room::lack(runner, &engine, target, options.large)? {
            Some(why) => not_tried.push(format!("an image of {} GB: {why}", options.large)),
            None => {
                let megabytes = (u64::from(options.large) * 1000).to_string();
                run("large", words("large").variable("LARGE", megabytes));
            }
        }
    }
    drop(steps);
    let cut_short = ended.iter().filter(|(_, ended)| ended.is_err());
    not_tried.extend(cut_short.map(|(title, _)| format!("the rest of `{title}`")));
    let lines = std::fs::read_to_string(tally.path()).map_err(Error::io("the tally"))?;
    eprint!("\n{}", tally::summary(&lines, &not_tried)?);
    ended.into_iter().try_for_each(|(_, ended)| ended)
}
