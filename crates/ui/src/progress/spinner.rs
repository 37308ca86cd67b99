//! Progress of tasks without a measure.

use std::time::Duration;

use indicatif::ProgressBar;

use super::form::{SILENT, TASK};
use super::lines::ProgressLines;

/// How often its time is shown.
const TICK: Duration = Duration::from_secs(1);

/// A task with its last line, until this is dropped.
#[derive(Debug)]
pub(crate) struct Spinner {
    what: String,
    bar: Option<ProgressBar>,
    lines: Option<ProgressLines>,
}

/// The bar on a terminal.
pub(super) fn task(what: &str) -> ProgressBar {
    ProgressBar::new_spinner().with_style(TASK.style(what))
}

/// The same for a task without output.
pub(super) fn silent(what: &str) -> ProgressBar {
    ProgressBar::new_spinner().with_style(SILENT.style(what))
}

impl Spinner {
    pub(super) fn new(
        what: String,
        bar: Option<ProgressBar>,
        lines: Option<ProgressLines>,
    ) -> Self {
        // It was added to the other bars, so it is drawn with them.
        if let Some(bar) = &bar {
            bar.enable_steady_tick(TICK);
        }
        Self { what, bar, lines }
    }

    /// Shows the last line, without control characters.
    pub(crate) fn say(&self, line: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(line.to_owned());
        }
        if let Some(lines) = &self.lines {
            lines.say(&self.what, |passed| {
                format!("for {} s: {line}", passed.as_secs())
            });
        }
    }

    /// Prints that it continues, if plain lines are due.
    pub(super) fn goes_on(&self) {
        if let Some(lines) = &self.lines {
            lines.say(&self.what, |passed| format!("for {} s", passed.as_secs()));
        }
    }

    /// Whether it is drawn on a terminal.
    pub(crate) fn is_shown(&self) -> bool {
        self.bar.is_some()
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
