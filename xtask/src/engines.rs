//! The tests on one engine after the other, and a table of the results.

use camino::Utf8Path;
use clap::builder::PossibleValuesParser;

use crate::Error;
use crate::cmd::Cmd;
use crate::engine::system::DebianSystem;
use crate::engine::{TestEngine, podman, private, rootless};
use crate::folders::create;
use crate::test::surround_test;
use crate::test_programs::{self, TestProgram};

/// `trixie` and `sid` are releases of Debian, each in a folder. The others are this machine's.
const ENGINES: [&str; 9] = [
    "docker",
    "docker-trixie",
    "docker-trixie-containerd",
    "docker-sid",
    "docker-sid-containerd",
    "podman",
    ROOTLESS,
    "podman-trixie",
    "podman-sid",
];
const ROOTLESS: &str = "podman-rootless";

/// Which engines, and which tests.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// Test this engine; can be repeated. Default: all
    #[arg(long = "engine", value_name = "ENGINE", value_parser = PossibleValuesParser::new(ENGINES))]
    engines: Vec<String>,

    /// Run this test program (`load` is tests/tests/load.rs); can be repeated. Default: all
    #[arg(long = "test", value_name = "NAME")]
    tests: Vec<String>,

    /// Run only tests whose names contain one of these
    #[arg(last = true)]
    filter: Vec<String>,
}

pub(crate) fn run(target: &Utf8Path, options: &Args) -> Result<(), Error> {
    let programs = test_programs::build(&options.tests)?;
    let logs = target.join("engines/log");
    create(&logs)?;
    let mut rows = vec!["test".to_owned(), "version".to_owned()];
    rows.extend(programs.iter().map(|program| format!("`{}`", program.name)));
    let mut is_good = true;
    let all = ENGINES.map(str::to_owned);
    let named = Some(options.engines.as_slice()).filter(|engines| !engines.is_empty());
    let engines = named.unwrap_or(&all);
    for name in engines {
        eprintln!("\n==> {name}");
        let engine = start(target, name).and_then(|engine| Ok((engine.about()?, engine)));
        let mut cells = vec![name.clone()];
        match engine {
            Ok((version, engine)) => {
                cells.push(version);
                for program in &programs {
                    let log = logs.join(format!("{name}-{}.log", program.name));
                    test(target, name, &engine, program, &options.filter)?.succeeds_into(&log)?;
                    let output = std::fs::read(&log).map_err(Error::io(&log))?;
                    let (outcome, is_ok) =
                        outcome(&String::from_utf8_lossy(&output), &options.filter);
                    eprintln!("{}: {outcome}", program.name);
                    is_good &= is_ok;
                    cells.push(outcome);
                }
            }
            Err(interrupted @ Error::Interrupted(_)) => return Err(interrupted),
            Err(error) => {
                eprintln!("can't start: {error}");
                is_good = false;
                let why = error.to_string().replace('\n', " ").replace('|', "/");
                cells.push(format!("can't start: {why}"));
                cells.resize(rows.len(), String::new());
            }
        }
        for (row, cell) in rows.iter_mut().zip(cells) {
            *row += &format!(" | {cell}");
        }
    }
    rows.insert(1, format!("---{}", "|---".repeat(engines.len())));
    for row in rows {
        println!("| {row} |");
    }
    let what = format!("not every engine passed every test; see the output in {logs}");
    if is_good {
        Ok(())
    } else {
        Err(Error::Wrong(what))
    }
}

/// Starts an engine, with all its data below the target folder.
fn start(target: &Utf8Path, name: &str) -> Result<TestEngine, Error> {
    let folder = target.join("engines").join(name);
    let mut parts = name.split('-');
    let suite = parts.find(|part| ["trixie", "sid"].contains(part));
    let system = suite.map(|suite| DebianSystem::find_or_make(target, suite));
    let system = system.transpose()?;
    match name {
        "docker" => TestEngine::find_or_start(target),
        ROOTLESS => rootless::start(&folder, target),
        _ if name.starts_with("podman") => podman::start(&folder, system.as_ref()),
        _ => private::start(&folder, system.as_ref(), name.ends_with("containerd")),
    }
}

fn test(
    target: &Utf8Path,
    name: &str,
    engine: &TestEngine,
    program: &TestProgram,
    filter: &[String],
) -> Result<Cmd, Error> {
    let test = match name {
        ROOTLESS => rootless::test_program(&target.join("engines").join(name), &program.path)?,
        _ => Cmd::of(&program.path),
    };
    let need_root = rootless::NEED_ROOT.split_whitespace();
    let skipped = need_root.filter(|_| name == ROOTLESS);
    let skipped = skipped.flat_map(|test| ["--skip", test]);
    Ok(surround_test(engine, test.args(filter).args(skipped)))
}

/// The result in a test program's output, in words, and whether it is good. A filter leaves out tests on purpose.
fn outcome(output: &str, filter: &[String]) -> (String, bool) {
    let mut lines = output.lines().rev();
    let line = lines.find_map(|line| line.strip_prefix("test result: "));
    let count = |what: &str| -> Option<usize> {
        let mut parts = line?.split([';', '.']);
        let part = parts.find_map(|part| part.trim().strip_suffix(what))?;
        part.trim().parse().ok()
    };
    let left_out = count("filtered out").filter(|count| *count > 0 && filter.is_empty());
    match (count("passed"), count("failed"), left_out) {
        (Some(passed), Some(0), None) => (format!("ok ({passed})"), true),
        (Some(passed), Some(0), Some(left_out)) => {
            (format!("ok ({passed}, {left_out} left out)"), true)
        }
        (Some(passed), Some(failed), _) => {
            (format!("FAILED {failed} of {}", passed + failed), false)
        }
        _ => ("BROKEN".into(), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_of_test_programs() {
        let left_out = "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 4 filtered out; finished in 1.25s\n";
        for (output, expected, is_good) in [
            (
                "running 2 tests\n..\ntest result: ok. 2 passed; 0 failed; 0 ignored; finished in 1.25s\n",
                "ok (2)",
                true,
            ),
            (left_out, "ok (1, 4 left out)", true),
            (
                "test result: FAILED. 7 passed; 1 failed; 0 ignored; 0 measured; finished in 3.00s\n\nerror",
                "FAILED 1 of 8",
                false,
            ),
            ("Segmentation fault", "BROKEN", false),
            ("", "BROKEN", false),
        ] {
            assert_eq!(
                outcome(output, &[]),
                (expected.to_owned(), is_good),
                "{output}"
            );
        }
        assert_eq!(outcome(left_out, &["a".into()]).0, "ok (1)");
    }
}
