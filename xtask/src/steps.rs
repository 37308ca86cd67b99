//! Steps with a headline each, and a table of their times at the end.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::Error;

/// The steps so far, also of several threads: title, and how each ended. Dropping it prints the table, after a failure too.
#[derive(Debug, Default)]
pub(crate) struct StepTimes {
    done: Mutex<Vec<(String, String)>>,
}

impl StepTimes {
    /// Runs one step under its headline.
    pub(crate) fn run<T>(
        &self,
        title: &str,
        step: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        eprintln!("\n==> {title}");
        let started = Instant::now();
        let result = step();
        let outcome = if result.is_ok() { "ok" } else { "FAILED" };
        let time = started.elapsed().as_secs_f64();
        self.note(title, format!("{time:>7.1} s  {outcome}"));
        result
    }

    /// Reports a step that can't be done here, now and again at the end.
    pub(crate) fn leave_out(&self, title: &str, why: &str) {
        eprintln!("\n==> {title}\nNOT DONE: {why}");
        self.note(title, format!("{:>9}  NOT DONE: {why}", ""));
    }

    fn note(&self, title: &str, end: String) {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        done.push((title.into(), end));
    }

    fn table(&self) -> String {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let widths = done.iter().map(|(title, _)| title.chars().count());
        let width = widths.max().unwrap_or_default();
        let lines = done.iter();
        lines
            .map(|(title, end)| format!("{title:width$}  {end}\n"))
            .collect()
    }
}

impl Drop for StepTimes {
    fn drop(&mut self) {
        let table = self.table();
        if !table.is_empty() {
            eprint!("\n{table}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_shows_what_failed() {
        let steps = StepTimes::default();
        steps.run("a", || Ok(())).unwrap();
        steps.leave_out("b", "no network");
        let failed = steps.run("longer", || Err::<(), _>(Error::Wrong("x".into())));
        assert!(failed.is_err());
        let table = steps.table();
        let lines: Vec<&str> = table.lines().collect();
        for (line, (begin, end)) in lines.iter().zip([
            ("a       ", "ok"),
            ("b ", "NOT DONE: no network"),
            ("longer  ", "FAILED"),
        ]) {
            assert!(line.starts_with(begin) && line.ends_with(end), "{table}");
        }
    }
}
