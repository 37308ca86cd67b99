//! The long form of the tests that kill commands, run many at once, damage archives, and move large images.
//!
//! The tests count what they try. The counts are printed at the end, also after a failure: then with the seed that repeats
//! the same moments.

use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;

use crate::Error;
use crate::cmd::cargo;
use crate::engine::Engine;
use crate::steps::Steps;
use crate::test;

/// How often the disk must hold the large image: in the engine, as the engine's temporary copy, and for all smaller files.
const COPIES: u64 = 3;

/// How much is tried.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Options {
    /// How often each command is killed
    #[arg(long, value_name = "N", default_value_t = 250)]
    kills: u64,

    /// How often sixteen commands run at once
    #[arg(long, value_name = "N", default_value_t = 20)]
    rounds: u64,

    /// How many random sequences of commands a store goes through
    #[arg(long, value_name = "N", default_value_t = 200)]
    sequences: u64,

    /// How many damaged archives are read
    #[arg(long, value_name = "N", default_value_t = 50_000)]
    mutants: u64,

    /// How often an archive of a store is damaged and loaded
    #[arg(long, value_name = "N", default_value_t = 400)]
    loads: u64,

    /// The size of the large image in gigabytes; 0 leaves it out
    #[arg(long, value_name = "GB", default_value_t = 10)]
    large: u64,

    /// Kill at the moments of an earlier run, by the seed that it printed [default: a new one]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

/// What a test counted.
#[derive(Debug, Deserialize)]
struct Count {
    what: String,
    attempts: u64,
    failed: bool,
    seed: u64,
}

pub(crate) fn run(target: &Utf8Path, options: Options) -> Result<(), Error> {
    let mut steps = Steps::default();
    let engine = steps.run("engine", || test::engine(target))?;
    let tally = tempfile::NamedTempFile::new().map_err(Error::io("a temporary file"))?;
    let counts = tally.path().to_string_lossy();
    let mut not_tried = Vec::new();
    let mut ended = Ok(());
    let Options {
        kills,
        rounds,
        sequences,
        mutants,
        loads,
        large,
        seed,
    } = options;
    for (tests, variable, count) in [
        ("crash", "KILLS", kills),
        // Calls that are killed, interrupted or have a rival.
        ("tags anytime", "ROUNDS", kills),
        ("together", "ROUNDS", rounds),
        ("kept", "SEQUENCES", sequences),
        ("mutants", "MUTANTS", mutants),
        ("damaged", "LOADS", loads),
        ("large", "LARGE", large * 1000),
    ] {
        if count == 0 {
            continue;
        }
        if tests == "large"
            && let Some(why) = missing_room(&engine, target, large)?
        {
            not_tried.push(format!("an image of {large} GB: {why}"));
            continue;
        }
        let test = cargo(&format!("test --package pipeline-tests --test {tests}"));
        let test = engine.surround(test).variable("TALLY", counts.as_ref());
        let seed = seed.map(|seed| ("SEED", seed.to_string()));
        let test = test
            .variable(variable, count.to_string())
            .variables(seed.as_slice());
        let result = steps.run(tests, || test.run());
        if result.is_err() {
            not_tried.push(format!("the rest of `{tests}`"));
        }
        ended = ended.and(result);
    }
    drop(steps);
    let lines = std::fs::read_to_string(tally.path()).map_err(Error::io("the tally"))?;
    eprint!("\n{}", summary(&lines, &not_tried)?);
    ended
}

/// Why an image of so many gigabytes can't be tried; `None` if it can.
fn missing_room(
    engine: &Engine,
    target: &Utf8Path,
    gigabytes: u64,
) -> Result<Option<String>, Error> {
    // Of another machine, or podman's, it is not a folder here.
    let root = engine
        .cmd("info --format {{.DockerRootDir}}")
        .read_quietly();
    let root = root
        .ok()
        .map(Utf8PathBuf::from)
        .filter(|root| root.is_dir());
    let needed = COPIES * gigabytes;
    for folder in [root.as_deref(), Some(target)].into_iter().flatten() {
        let stat = rustix::fs::statvfs(folder.as_std_path());
        let stat = stat.map_err(|error| Error::io(folder)(error.into()))?;
        let free = stat.f_bavail.saturating_mul(stat.f_frsize) / 1_000_000_000;
        if free < needed {
            return Ok(Some(format!(
                "{folder} has {free} GB free, and {needed} GB are needed"
            )));
        }
    }
    Ok(None)
}

/// A line for each test, and one for all.
fn summary(tally: &str, not_tried: &[String]) -> Result<String, Error> {
    let mut text = String::new();
    let (mut total, mut lost) = (0, 0);
    for line in tally.lines() {
        let count = serde_json::from_str(line);
        let count = count.map_err(|error| Error::Wrong(format!("the tally: {error}: {line}")))?;
        let Count {
            what,
            attempts,
            failed,
            seed,
        } = count;
        total += attempts;
        lost += u64::from(failed);
        text += &match failed {
            false => format!("tried: {attempts} {what}\n"),
            true => format!("LOST: after {attempts} {what}; again: --seed {seed}\n"),
        };
    }
    for what in not_tried {
        text += &format!("NOT TRIED: {what}\n");
    }
    let lost = match lost {
        0 => "nothing was lost".to_owned(),
        lost => format!("{lost} of the tests lost something"),
    };
    let not_tried = match not_tried.len() {
        0 => String::new(),
        count => format!("; {count} not tried"),
    };
    Ok(format!("{text}soak: {total} attempts: {lost}{not_tried}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_counts_attempts_and_losses() {
        let fine = r#"{"what":"kills of imgsave","attempts":7,"failed":false,"seed":1}"#;
        let failed = r#"{"what":"kills of imgload","attempts":3,"failed":true,"seed":42}"#;
        for (tally, not_tried, expected) in [
            (
                fine.to_owned(),
                vec![],
                "tried: 7 kills of imgsave\nsoak: 7 attempts: nothing was lost\n",
            ),
            (
                format!("{fine}\n{failed}\n"),
                vec!["an image: no room".to_owned()],
                "tried: 7 kills of imgsave\nLOST: after 3 kills of imgload; again: --seed 42\nNOT TRIED: an image: no room\n\
                 soak: 10 attempts: 1 of the tests lost something; 1 not tried\n",
            ),
            (
                String::new(),
                vec![],
                "soak: 0 attempts: nothing was lost\n",
            ),
        ] {
            assert_eq!(summary(&tally, &not_tried).unwrap(), expected);
        }
        summary("{", &[]).unwrap_err();
    }
}
