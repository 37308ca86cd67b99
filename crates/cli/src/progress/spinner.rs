//! Progress of what has no measure.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::lines::Lines;

/// Work of which only the last line is known.
const TASK: &str = "{prefix}: {elapsed} {wide_msg}";
/// How often its time is shown.
const TICK: Duration = Duration::from_secs(1);

/// Work of which only the last line is known, until this is dropped.
#[derive(Debug)]
pub(crate) struct Spinner {
    what: String,
    bar: Option<ProgressBar>,
    lines: Option<Lines>,
}

/// What a terminal gets.
pub(super) fn bar(what: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(TASK);
    let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
    ProgressBar::new_spinner()
        .with_style(style)
        .with_prefix(what.to_owned())
}

impl Spinner {
    pub(super) fn new(what: String, bar: Option<ProgressBar>, lines: Option<Lines>) -> Self {
        // It is among the others by now, so it is drawn where they are.
        if let Some(bar) = &bar {
            bar.enable_steady_tick(TICK);
        }
        Self { what, bar, lines }
    }

    /// The last line, harmless to a terminal.
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

    /// Whether it stands on a terminal.
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
