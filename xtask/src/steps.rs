//! Steps with a headline each, and a table of their times at the end.

use std::time::{Duration, Instant};

use crate::Error;

/// What ran so far. Dropping it prints the table, after a failure too.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    done: Vec<(String, Duration, Outcome)>,
}

/// How a step ended.
#[derive(Debug, Clone, Copy)]
enum Outcome {
    Fine,
    Failed,
    /// Why it was not done.
    LeftOut(&'static str),
}

impl Steps {
    /// Runs one step under its headline.
    pub(crate) fn run<T>(
        &mut self,
        title: &str,
        step: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        eprintln!("\n==> {title}");
        let started = Instant::now();
        let result = step();
        let outcome = match result {
            Ok(_) => Outcome::Fine,
            Err(_) => Outcome::Failed,
        };
        self.done.push((title.into(), started.elapsed(), outcome));
        result
    }

    /// A step that can't be done here. It is told now, and again at the end.
    pub(crate) fn left_out(&mut self, title: &str, why: &'static str) {
        eprintln!("\n==> {title}\nNOT DONE: {why}");
        let outcome = Outcome::LeftOut(why);
        self.done.push((title.into(), Duration::ZERO, outcome));
    }

    fn table(&self) -> String {
        let width = self
            .done
            .iter()
            .map(|(title, ..)| title.chars().count())
            .max()
            .unwrap_or_default();
        let line = |(title, time, outcome): &(String, Duration, Outcome)| {
            let time = time.as_secs_f64();
            match outcome {
                Outcome::Fine => format!("{title:width$}  {time:>7.1} s  ok\n"),
                Outcome::Failed => format!("{title:width$}  {time:>7.1} s  FAILED\n"),
                Outcome::LeftOut(why) => format!("{title:width$}  {:>9}  NOT DONE: {why}\n", ""),
            }
        };
        self.done.iter().map(line).collect()
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        if !self.done.is_empty() {
            eprint!("\n{}", self.table());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_shows_what_failed() {
        let mut steps = Steps::default();
        steps.run("a", || Ok(())).unwrap();
        steps.left_out("b", "no network");
        let failed = steps.run("longer", || Err::<(), _>(Error::Wrong("x".into())));
        assert!(failed.is_err());
        let table = steps.table();
        let lines: Vec<&str> = table.lines().collect();
        assert!(
            lines[0].starts_with("a       ") && lines[0].ends_with("ok"),
            "{table}"
        );
        assert!(
            lines[1].starts_with("b ") && lines[1].ends_with("NOT DONE: no network"),
            "{table}"
        );
        assert!(
            lines[2].starts_with("longer  ") && lines[2].ends_with("FAILED"),
            "{table}"
        );
    }
}
