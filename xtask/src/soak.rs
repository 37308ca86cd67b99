//! The long form of the tests that kill commands, run many at once, damage archives, and move large images.
//!
//! The tests count what they try. The counts are printed at the end, also after a failure: then with the seed that repeats
//! the same moments.

use camino::{Utf8Path, Utf8PathBuf};
use clap::builder::PossibleValuesParser;
use serde::Deserialize;

use crate::Error;
use crate::cmd::cargo;
use crate::engine::TestEngine;
use crate::steps::StepTimes;
use crate::test;

/// The test programs, with the variable for the number of attempts, and the number. `tags anytime` has calls that are killed,
/// interrupted or have a rival.
const TESTS: [(&str, &str, f64); 7] = [
    ("crash", "KILLS", 250.0),
    ("tags anytime", "ROUNDS", 250.0),
    ("together", "ROUNDS", 20.0),
    ("kept", "SEQUENCES", 200.0),
    ("mutants", "MUTANTS", 50_000.0),
    ("damaged", "LOADS", 400.0),
    (LARGE, "LARGE", 0.0),
];
const LARGE: &str = "large";
/// How often the disk must hold the large image: in the engine, as the engine's temporary copy, and for all smaller files.
const COPIES: u64 = 3;

/// How much is tried.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Try this many times as often
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    times: f64,

    /// Run only this test; can be repeated
    #[arg(long, value_name = "TEST", value_parser = PossibleValuesParser::new(TESTS.map(|test| test.0)))]
    only: Vec<String>,

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

pub(crate) fn run(target: &Utf8Path, options: &Args) -> Result<(), Error> {
    let steps = StepTimes::default();
    let engine = steps.run("engine", || test::engine(target))?;
    let tally = tempfile::NamedTempFile::new().map_err(Error::io("a temporary file"))?;
    let counts = tally.path().to_string_lossy();
    let mut not_tried = Vec::new();
    let mut ended = Ok(());
    let is_wanted =
        |name: &str| options.only.is_empty() || options.only.iter().any(|only| only == name);
    for (name, variable, count) in TESTS.into_iter().filter(|test| is_wanted(test.0)) {
        let mut count = format!("{:.0}", count * options.times);
        if name == LARGE {
            count = (options.large * 1000).to_string();
            if let Some(why) = missing_room(&engine, target, options.large)? {
                not_tried.push(format!("an image of {} GB: {why}", options.large));
                continue;
            }
        }
        let test = cargo(&format!("test --package pipeline-tests --test {name}"));
        let test = engine.surround(test).variable("TALLY", counts.as_ref());
        let seed = options.seed.map(|seed| ("SEED", seed.to_string()));
        let test = test.variable(variable, count).variables(seed.as_slice());
        let result = steps.run(name, || test.run());
        if result.is_err() {
            not_tried.push(format!("the rest of `{name}`"));
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
    engine: &TestEngine,
    target: &Utf8Path,
    size: u64,
) -> Result<Option<String>, Error> {
    if size == 0 {
        return Ok(Some("left out".into()));
    }
    // If it is on another machine, or podman's, this is not a folder here.
    let root = engine
        .cmd("info --format {{.DockerRootDir}}")
        .read_quietly();
    let root = root
        .ok()
        .map(Utf8PathBuf::from)
        .filter(|root| root.is_dir());
    let needed = COPIES * size;
    for folder in [root.as_deref(), Some(target)].into_iter().flatten() {
        let stat = rustix::fs::statvfs(folder.as_std_path());
        let stat = stat.map_err(|error| Error::io(folder)(error.into()))?;
        let free = stat.f_bavail.saturating_mul(stat.f_frsize) / 1_000_000_000;
        if free < needed {
            let why = format!("{folder} has {free} GB free, and {needed} GB are needed");
            return Ok(Some(why));
        }
    }
    Ok(None)
}

/// A line for each test, and one for all.
fn summary(tally: &str, not_tried: &[String]) -> Result<String, Error> {
    let mut text = String::new();
    let (mut attempts, mut lost) = (0, 0);
    for line in tally.lines() {
        let count = serde_json::from_str::<Count>(line);
        let count = count.map_err(|error| Error::Wrong(format!("the tally: {error}: {line}")))?;
        attempts += count.attempts;
        lost += u64::from(count.failed);
        let tried = format!("{} {}", count.attempts, count.what);
        text += &match count.failed {
            false => format!("tried: {tried}\n"),
            true => format!("LOST: after {tried}; again: --seed {}\n", count.seed),
        };
    }
    for what in not_tried {
        text += &format!("NOT TRIED: {what}\n");
    }
    let not_tried = not_tried.len();
    Ok(format!(
        "{text}soak: {attempts} attempts, {lost} tests lost something, {not_tried} not tried\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_counts_attempts_and_losses() {
        let fine = r#"{"what":"kills of imgsave","attempts":7,"failed":false,"seed":1}"#;
        let failed = r#"{"what":"kills of imgload","attempts":3,"failed":true,"seed":42}"#;
        let not_tried = ["an image: no room".to_owned()];
        assert_eq!(
            summary(&format!("{fine}\n{failed}\n"), &not_tried).unwrap(),
            "tried: 7 kills of imgsave\nLOST: after 3 kills of imgload; again: --seed 42\nNOT TRIED: an image: no room\n\
             soak: 10 attempts, 1 tests lost something, 1 not tried\n"
        );
        assert_eq!(
            summary("", &[]).unwrap(),
            "soak: 0 attempts, 0 tests lost something, 0 not tried\n"
        );
        summary("{", &[]).unwrap_err();
    }
}
