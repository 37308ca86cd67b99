//! What came of each test on each engine, as a table.

use std::fmt;

/// What came of one test program on one engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All of its tests passed, but for those that were not run.
    Passed { count: usize, left_out: usize },
    /// Some failed.
    Failed { failed: usize, of: usize },
    /// It ended without a word of its tests.
    Broken,
}

/// An engine, and what came of the tests there.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) engine: &'static str,
    /// Its version; else why it can't start.
    pub(crate) version: Result<String, String>,
    /// In the order of the tests.
    pub(crate) outcomes: Vec<Outcome>,
}

/// Everything that was tried.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) tests: Vec<String>,
    pub(crate) columns: Vec<Column>,
}

impl Outcome {
    /// Reads a test program's output.
    pub(crate) fn of(output: &str) -> Self {
        let mut lines = output.lines().rev();
        let line = lines.find_map(|line| line.strip_prefix("test result: "));
        let count = |what: &str| -> Option<usize> {
            let mut parts = line?.split([';', '.']);
            let part = parts.find_map(|part| part.trim().strip_suffix(what))?;
            part.trim().parse().ok()
        };
        match (count("passed"), count("failed")) {
            (Some(passed), Some(0)) => Self::Passed {
                count: passed,
                left_out: count("filtered out").unwrap_or_default(),
            },
            (Some(passed), Some(failed)) => Self::Failed {
                failed,
                of: passed + failed,
            },
            _ => Self::Broken,
        }
    }

    /// The same where the user asked for some tests: nobody misses the others.
    pub(crate) fn of_a_filter(self) -> Self {
        match self {
            Self::Passed { count, .. } => Self::Passed { count, left_out: 0 },
            other => other,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed { count, left_out: 0 } => write!(f, "ok ({count})"),
            Self::Passed { count, left_out } => write!(f, "ok ({count}, {left_out} left out)"),
            Self::Failed { failed, of } => write!(f, "FAILED {failed} of {of}"),
            Self::Broken => f.write_str("BROKEN"),
        }
    }
}

impl Report {
    /// Whether every engine that was asked for ran every test well.
    pub(crate) fn is_good(&self) -> bool {
        self.columns.iter().all(|column| {
            let mut outcomes = column.outcomes.iter();
            column.version.is_ok()
                && outcomes.all(|outcome| matches!(outcome, Outcome::Passed { .. }))
        })
    }
}

impl fmt::Display for Report {
    /// Two tables in Markdown: the engines, then tests by engines.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut engines = vec![vec!["engine".to_owned(), "version".to_owned()]];
        let mut results = vec![vec!["test".to_owned()]];
        for column in &self.columns {
            let version = match &column.version {
                Ok(version) => version.clone(),
                Err(why) => format!("can't start: {}", why.replace('\n', " ").replace('|', "/")),
            };
            engines.push(vec![column.engine.to_owned(), version]);
            if column.version.is_ok() {
                results[0].push(column.engine.to_owned());
            }
        }
        let started = || self.columns.iter().filter(|column| column.version.is_ok());
        for (number, test) in self.tests.iter().enumerate() {
            let outcome = |column: &Column| {
                let outcome = column.outcomes.get(number);
                outcome.map_or_else(String::new, Outcome::to_string)
            };
            let mut row = vec![format!("`{test}`")];
            row.extend(started().map(outcome));
            results.push(row);
        }
        table(f, &engines)?;
        writeln!(f)?;
        table(f, &results)
    }
}

fn table(f: &mut fmt::Formatter<'_>, rows: &[Vec<String>]) -> fmt::Result {
    for (number, row) in rows.iter().enumerate() {
        writeln!(f, "| {} |", row.join(" | "))?;
        if number == 0 {
            writeln!(f, "|{}", "---|".repeat(row.len()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_a_test_program_says_last() {
        for (output, outcome) in [
            (
                "running 2 tests\n..\ntest result: ok. 2 passed; 0 failed; 0 ignored; finished in 1.25s\n",
                Outcome::Passed {
                    count: 2,
                    left_out: 0,
                },
            ),
            (
                "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 4 filtered out; finished in 1.25s\n",
                Outcome::Passed {
                    count: 1,
                    left_out: 4,
                },
            ),
            (
                "test result: FAILED. 7 passed; 1 failed; 0 ignored; 0 measured; finished in 3.00s\n\nerror",
                Outcome::Failed { failed: 1, of: 8 },
            ),
            ("Segmentation fault", Outcome::Broken),
            ("", Outcome::Broken),
        ] {
            assert_eq!(Outcome::of(output), outcome, "{output}");
        }
    }

    #[test]
    fn an_engine_that_did_not_start_is_told_and_has_no_column() {
        let column = |engine, version, outcomes| Column {
            engine,
            version,
            outcomes,
        };
        let passed = |count, left_out| Outcome::Passed { count, left_out };
        let mut report = Report {
            tests: vec!["load".into(), "full".into()],
            columns: vec![column(
                "a",
                Ok("1.0".into()),
                vec![passed(3, 0), passed(1, 4)],
            )],
        };
        assert!(report.is_good());
        report
            .columns
            .push(column("b", Err("no\nkernel".into()), Vec::new()));
        assert!(!report.is_good());
        assert_eq!(
            report.to_string(),
            "| engine | version |\n|---|---|\n| a | 1.0 |\n| b | can't start: no kernel |\n\n\
             | test | a |\n|---|---|\n| `load` | ok (3) |\n| `full` | ok (1, 4 left out) |\n"
        );
        assert_eq!(passed(3, 2).of_a_filter(), passed(3, 0));
    }
}
