//! Commands run in turns, so that whatever slows the machine down for a while slows all of them.

use std::time::Instant;

use super::result::{Measured, Outcome};
use crate::Error;
use crate::process::{Command, Runner};

/// A command to be timed.
#[derive(Debug)]
pub(crate) struct Side {
    what: String,
    before: Vec<Command>,
    command: Command,
}

impl Side {
    pub(crate) fn new(what: impl Into<String>, command: Command) -> Self {
        Self {
            what: what.into(),
            before: Vec::new(),
            command,
        }
    }

    /// Runs before each round, outside the time.
    pub(crate) fn after(mut self, before: impl IntoIterator<Item = Command>) -> Self {
        self.before.extend(before);
        self
    }
}

/// Runs each side once a round. A side that fails is left out from there on.
///
/// # Errors
/// [`Error::Interrupted`] alone.
pub(crate) fn in_turns<const N: usize>(
    runner: &Runner,
    rounds: usize,
    sides: &[Side; N],
) -> Result<[Measured; N], Error> {
    let mut measured = sides.each_ref().map(|side| Measured {
        what: side.what.clone(),
        outcome: Ok(Vec::new()),
    });
    for _ in 0..rounds {
        for (side, measured) in sides.iter().zip(&mut measured) {
            let Ok(values) = &mut measured.outcome else {
                continue;
            };
            match once(runner, side) {
                Ok(seconds) => values.push(seconds),
                Err(error) => measured.outcome = failed(error)?,
            }
        }
    }
    for side in &measured {
        match &side.outcome {
            Ok(values) => {
                let values: Vec<String> =
                    values.iter().map(|value| format!("{value:.3}")).collect();
                eprintln!("  {}: {} s", side.what, values.join(" "));
            }
            Err(why) => eprintln!("  {}: failed: {why}", side.what),
        }
    }
    Ok(measured)
}

fn once(runner: &Runner, side: &Side) -> Result<f64, Error> {
    for command in &side.before {
        runner.run_quietly(command)?;
    }
    let started = Instant::now();
    runner.run_quietly(&side.command)?;
    Ok(started.elapsed().as_secs_f64())
}

/// A failure in one line, for the table; an interruption ends the bench.
pub(crate) fn failed(error: Error) -> Result<Outcome, Error> {
    match error {
        interrupted @ Error::Interrupted { .. } => Err(interrupted),
        Error::Failed { code, tail, .. } => {
            let said = tail.as_deref().and_then(last_line);
            Ok(Err(said.map_or_else(
                || format!("ended with code {code}"),
                str::to_owned,
            )))
        }
        other => Ok(Err(other.to_string())),
    }
}

/// The last line that says what is wrong: a hint does not, nor does the pointer to `--help`.
fn last_line(text: &str) -> Option<&str> {
    let says = |line: &&str| !line.starts_with("hint: ") && !line.starts_with("For more info");
    let said = |line: &&str| says(line) && !line.starts_with("Usage: ");
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let error = lines().find(|line| line.starts_with("error: "));
    error
        .or_else(|| lines().rfind(said))
        .or_else(|| lines().next_back())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::command;

    fn shell(line: &str) -> Command {
        command(["sh", "-c", line])
    }

    #[test]
    fn sides_take_turns_and_a_failed_one_stays_out() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log").to_string_lossy().into_owned();
        let sides = [
            Side::new("a", shell(&format!("echo a >> {log}")))
                .after([shell(&format!("echo before >> {log}"))]),
            Side::new(
                "b",
                shell(&format!(
                    "echo b >> {log}; echo first; echo why >&2; exit 3"
                )),
            ),
        ];
        let [a, b] = in_turns(&Runner::default(), 2, &sides).unwrap();
        assert_eq!(a.outcome.unwrap().len(), 2);
        assert_eq!(b.outcome.unwrap_err(), "why");
        let order = std::fs::read_to_string(&log).unwrap();
        assert_eq!(order, "before\na\nb\nbefore\na\n");
    }

    #[test]
    fn the_line_that_says_what_is_wrong() {
        for (text, line) in [
            (
                "pulling\nimgload: a: no such file\nhint: look",
                "imgload: a: no such file",
            ),
            (
                "error: unexpected argument '--thin' found\n\nUsage: imgsave\n\nFor more information, try '--help'.",
                "error: unexpected argument '--thin' found",
            ),
            ("hint: alone", "hint: alone"),
        ] {
            assert_eq!(last_line(text), Some(line));
        }
        assert_eq!(last_line("\n"), None);
    }
}
