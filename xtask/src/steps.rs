//! Steps with a headline each, and a table of their times at the end.

use std::time::{Duration, Instant};

use crate::Error;

/// What ran so far. Dropping it prints the table, after a failure too.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    done: Vec<(String, Duration, bool)>,
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
        self.done
            .push((title.into(), started.elapsed(), result.is_ok()));
        result
    }

    fn table(&self) -> String {
        let width = self
            .done
            .iter()
            .map(|(title, ..)| title.chars().count())
            .max()
            .unwrap_or_default();
        let line = |(title, time, fine): &(String, Duration, bool)| {
            format!(
                "{title:width$}  {:>7.1} s  {}\n",
                time.as_secs_f64(),
                if *fine { "ok" } else { "FAILED" }
            )
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
        let failed = steps.run("longer", || Err::<(), _>(Error::Wrong("x".into())));
        assert!(failed.is_err());
        let table = steps.table();
        let lines: Vec<&str> = table.lines().collect();
        assert!(
            lines[0].starts_with("a       ") && lines[0].ends_with("ok"),
            "{table}"
        );
        assert!(
            lines[1].starts_with("longer  ") && lines[1].ends_with("FAILED"),
            "{table}"
        );
    }
}
