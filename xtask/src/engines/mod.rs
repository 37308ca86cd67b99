//! The tests against one engine after the other, and a table of what came of it.

mod kind;
mod report;

use camino::{Utf8Path, Utf8PathBuf};

use crate::Error;
use crate::process::Runner;
use crate::test_programs::{self, TestProgram};
pub(crate) use kind::Kind;
use kind::Running;
use report::{Column, Outcome, Report};

/// The variable that tells the tests not to build the commands: they stand beside them, and the sources may be out of
/// reach.
pub const COMMANDS_ARE_BUILT: &str = "IMGPIPE_COMMANDS_ARE_BUILT";

/// Which engines, and which tests.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    /// Try this engine; can be repeated. Default: all
    #[arg(long = "engine", value_name = "ENGINE", value_enum)]
    engines: Vec<Kind>,

    /// Run this test program (`load` is tests/tests/load.rs); can be repeated. Default: all
    #[arg(long = "test", value_name = "NAME")]
    tests: Vec<String>,

    /// Run only tests whose names contain one of these
    #[arg(last = true)]
    filter: Vec<String>,
}

pub(crate) fn run(runner: &mut Runner, target: &Utf8Path, options: &Options) -> Result<(), Error> {
    let programs = test_programs::build(runner, &options.tests)?;
    let folder = target.join("engines");
    let logs = folder.join("log");
    std::fs::create_dir_all(&logs).map_err(Error::io(&logs))?;
    let mut report = Report {
        tests: programs
            .iter()
            .map(|program| program.name.clone())
            .collect(),
        columns: Vec::new(),
    };
    let kinds = if options.engines.is_empty() {
        Kind::ALL.to_vec()
    } else {
        options.engines.clone()
    };
    for kind in kinds {
        eprintln!("\n==> {}", kind.name());
        let mut column = Column {
            engine: kind.name(),
            version: Err(String::new()),
            outcomes: Vec::new(),
        };
        match Running::start(runner, target, kind)
            .and_then(|running| Ok((running.version(runner)?, running)))
        {
            Ok((version, running)) => {
                eprintln!("{version}");
                column.version = Ok(version);
                for program in &programs {
                    let log = logs.join(format!("{}-{}.log", kind.name(), program.name));
                    let outcome = try_one(runner, &running, program, &options.filter, &log)?;
                    eprintln!("{}: {outcome}", program.name);
                    column.outcomes.push(outcome);
                }
            }
            Err(interrupted @ Error::Interrupted { .. }) => return Err(interrupted),
            Err(error) => {
                eprintln!("can't start: {error}");
                column.version = Err(error.to_string());
            }
        }
        report.columns.push(column);
    }
    println!("{report}");
    if report.is_good() {
        return Ok(());
    }
    Err(Error::Wrong(format!(
        "not every engine passed every test; what the tests said is in {logs}"
    )))
}

/// Runs a test program; what it says goes into `log`.
fn try_one(
    runner: &Runner,
    running: &Running,
    program: &TestProgram,
    filter: &[String],
    log: &Utf8PathBuf,
) -> Result<Outcome, Error> {
    let path = running.bring(&program.path)?;
    let mut words = vec![path.as_str()];
    words.extend(filter.iter().map(String::as_str));
    words.extend(
        running
            .leaves_out()
            .iter()
            .flat_map(|test| ["--skip", test]),
    );
    let inner = running
        .surround(&words)
        .variable(COMMANDS_ARE_BUILT, "1")
        .folder(program.folder.clone());
    runner.run_into(&inner, log)?;
    let said = std::fs::read(log).map_err(Error::io(log))?;
    let outcome = Outcome::of(&String::from_utf8_lossy(&said));
    Ok(if filter.is_empty() {
        outcome
    } else {
        outcome.of_a_filter()
    })
}
