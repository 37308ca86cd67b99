//! How far long work is.
//!
//! On a terminal a bar with bytes, rate and the time that is left. In a log plain lines with the time of day, one every few
//! seconds, and one at the end of what was told of before: what is done in a moment leaves no line.

mod lines;
mod spinner;

use std::io::{self, IsTerminal, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use clap::ValueEnum;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use terminal_size::{Width, terminal_size_of};

use lines::Lines;
pub(crate) use spinner::Spinner;

/// How often a plain line says how far it is, where that was asked for.
const LINE_EVERY: Duration = Duration::from_secs(5);
/// How often it does in a log that nobody asked for: only what takes long is told.
const LOG_EVERY: Duration = Duration::from_secs(15);
/// The bar on a terminal.
const BAR: &str = "{msg}: {decimal_bytes} of {decimal_total_bytes} [{wide_bar}] {decimal_bytes_per_sec}, {eta} left";
/// Where the end is not known.
const SPINNER: &str = "{msg}: {decimal_bytes}, {decimal_bytes_per_sec} {spinner}";

/// What a bar's line needs beside its message, in columns: a line that is wrapped is not cleared.
const BESIDE: usize = 55;

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Style {
    /// A bar on a terminal, else plain lines of what takes long.
    #[default]
    Auto,
    /// A line every few seconds.
    Plain,
    /// Nothing.
    None,
}

/// What is shown where standard error leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Bar,
    /// A line each time so much has passed.
    Lines(Duration),
    Nothing,
}

impl Shown {
    fn new(style: Style, quiet: bool, terminal: bool) -> Self {
        match style {
            _ if quiet => Self::Nothing,
            Style::None => Self::Nothing,
            Style::Plain => Self::Lines(LINE_EVERY),
            Style::Auto if terminal => Self::Bar,
            Style::Auto => Self::Lines(LOG_EVERY),
        }
    }
}

/// What stands on standard error besides lines.
#[derive(Debug, Clone)]
pub(crate) struct Screen {
    program: &'static str,
    shown: Shown,
    bars: MultiProgress,
    ended: Arc<AtomicBool>,
}

impl Screen {
    pub(crate) fn new(program: &'static str, style: Style, quiet: bool) -> Self {
        let shown = Shown::new(style, quiet, io::stderr().is_terminal());
        Self {
            program,
            shown,
            bars: MultiProgress::new(),
            ended: Arc::default(),
        }
    }

    /// Prints with the bars out of the way.
    pub(crate) fn print<T>(&self, print: impl FnOnce() -> T) -> T {
        if self.shown == Shown::Bar {
            self.bars.suspend(print)
        } else {
            print()
        }
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    /// Clears the bars, and shows nothing any more.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
        if self.shown == Shown::Bar {
            // Where the terminal is gone there is nothing to clear.
            let _ = self.bars.clear();
            self.bars.set_draw_target(ProgressDrawTarget::hidden());
        }
    }

    /// Shows that something without a measure goes on.
    pub(crate) fn spin(&self, what: String) -> Spinner {
        let bar = (self.shown == Shown::Bar).then(|| self.bars.add(spinner::bar(&what)));
        Spinner::new(what, bar, self.lines())
    }

    fn lines(&self) -> Option<Lines> {
        match self.shown {
            Shown::Lines(every) => Some(Lines::new(self.program, every)),
            Shown::Bar | Shown::Nothing => None,
        }
    }

    pub(crate) fn start(&self, what: String, total: Option<u64>) -> Progress {
        let bar = (self.shown == Shown::Bar).then(|| {
            let bar = match total {
                Some(total) => ProgressBar::new(total),
                None => ProgressBar::new_spinner(),
            };
            let template = if total.is_some() { BAR } else { SPINNER };
            let style = ProgressStyle::with_template(template);
            // The templates are fixed: where one was wrong, the usual bar would do.
            let bar = bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            let columns = terminal_size_of(io::stderr()).map_or(80, |(Width(columns), _)| columns);
            let room = usize::from(columns).saturating_sub(BESIDE);
            self.bars.add(bar).with_message(shortened(&what, room))
        });
        Progress {
            what,
            total,
            done: AtomicU64::new(0),
            bar,
            lines: self.lines(),
        }
    }
}

/// Progress of one thing, which is gone from the terminal when this is dropped.
#[derive(Debug)]
pub struct Progress {
    what: String,
    total: Option<u64>,
    done: AtomicU64,
    bar: Option<ProgressBar>,
    lines: Option<Lines>,
}

impl Progress {
    /// So many more bytes are done.
    pub fn add(&self, bytes: u64) {
        let done = self.done.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if let Some(bar) = &self.bar {
            if done == bytes {
                // What came before was somebody else's work, and says nothing of how long this takes.
                bar.reset_elapsed();
                bar.reset_eta();
            }
            if self.total.is_some_and(|total| done > total) {
                bar.set_length(done);
            }
            bar.set_position(done);
        }
        if let Some(lines) = &self.lines {
            lines.add(&self.what, done, self.total);
        }
    }

    /// A writer that counts what goes through it.
    pub fn counting<'a, T>(&'a self, inner: T) -> Counting<'a, T> {
        Counting {
            inner,
            progress: self,
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        if let Some(lines) = &self.lines {
            lines.end(&self.what, self.done.load(Ordering::Relaxed));
        }
    }
}

/// A message of so many characters at most: of one that is longer, the first word and the end, where file names differ.
fn shortened(message: &str, room: usize) -> String {
    let length = message.chars().count();
    if length <= room {
        return message.to_owned();
    }
    let (verb, rest) = message.split_once(' ').unwrap_or(("", message));
    let left = room.saturating_sub(verb.chars().count() + 2).max(1);
    let dropped = rest.chars().count().saturating_sub(left);
    let end: String = rest.chars().skip(dropped).collect();
    format!("{verb} …{end}").trim_start().to_owned()
}

/// A reader or writer whose bytes are counted.
#[derive(Debug)]
pub struct Counting<'a, T> {
    inner: T,
    progress: &'a Progress,
}

impl<T: Write> Write for Counting<'_, T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.progress.add(written as u64);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<T: Read> Read for Counting<'_, T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.progress.add(read as u64);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_has_bars_and_a_log_has_lines() {
        for (style, quiet, terminal, shown) in [
            (Style::Auto, false, true, Shown::Bar),
            (Style::Auto, false, false, Shown::Lines(LOG_EVERY)),
            (Style::Auto, true, true, Shown::Nothing),
            (Style::Plain, false, true, Shown::Lines(LINE_EVERY)),
            (Style::Plain, true, false, Shown::Nothing),
            (Style::None, false, true, Shown::Nothing),
        ] {
            assert_eq!(Shown::new(style, quiet, terminal), shown, "{style:?}");
        }
    }

    #[test]
    fn a_long_message_keeps_its_verb_and_its_end() {
        let message = "loading images/capy/capy-debian-12-gcc12.tar";
        assert_eq!(shortened(message, 44), message);
        assert_eq!(shortened(message, 25), "loading …ian-12-gcc12.tar");
        assert_eq!(shortened("x", 0), "…x");
        assert_eq!(shortened("checking ä", 9), "checking …ä");
    }

    #[test]
    fn counts_what_passes() {
        let screen = Screen::new("test", Style::None, false);
        let progress = screen.start("x".into(), Some(10));
        let mut out = progress.counting(Vec::new());
        out.write_all(b"hello").expect("writes");
        let mut input = progress.counting(&b"abc"[..]);
        io::copy(&mut input, &mut io::sink()).expect("copies");
        assert_eq!(progress.done.load(Ordering::Relaxed), 8);
    }
}
