//! How far long work is.
//!
//! On a terminal a bar with bytes, rate and the time that is left; as plain lines where that is asked for;
//! nothing where nobody looks.
#![expect(
    clippy::print_stderr,
    reason = "progress is words for people, as the reporter's"
)]

use std::io::{self, IsTerminal, Read, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::size;

/// How often a plain line says how far it is.
const LINE_EVERY: Duration = Duration::from_secs(5);
/// The bar on a terminal.
const BAR: &str = "{msg}: {decimal_bytes} of {decimal_total_bytes} [{wide_bar}] {decimal_bytes_per_sec}, {eta} left";
/// Where the end is not known.
const SPINNER: &str = "{msg}: {decimal_bytes}, {decimal_bytes_per_sec} {spinner}";

/// Work of which only the last line is known.
const TASK: &str = "{prefix}: {elapsed} {wide_msg}";
/// How often its time is shown.
const TICK: Duration = Duration::from_secs(1);

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Style {
    /// A bar on a terminal, else nothing.
    #[default]
    Auto,
    /// A line every few seconds.
    Plain,
    /// Nothing.
    None,
}

/// What stands on standard error besides lines.
#[derive(Debug, Clone)]
pub(crate) struct Screen {
    program: &'static str,
    shown: Style,
    bars: MultiProgress,
    ended: Arc<AtomicBool>,
}

impl Screen {
    pub(crate) fn new(program: &'static str, style: Style, quiet: bool) -> Self {
        let shown = match style {
            _ if quiet => Style::None,
            Style::Auto if !io::stderr().is_terminal() => Style::None,
            style => style,
        };
        Self {
            program,
            shown,
            bars: MultiProgress::new(),
            ended: Arc::default(),
        }
    }

    /// Prints with the bars out of the way.
    pub(crate) fn print<T>(&self, print: impl FnOnce() -> T) -> T {
        if self.shown == Style::Auto {
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
        if self.shown == Style::Auto {
            // Where the terminal is gone there is nothing to clear.
            let _ = self.bars.clear();
            self.bars.set_draw_target(ProgressDrawTarget::hidden());
        }
    }

    /// Shows that something without a measure goes on.
    pub(crate) fn spin(&self, what: String) -> Spinner {
        let bar = (self.shown == Style::Auto).then(|| {
            let style = ProgressStyle::with_template(TASK);
            let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
            let bar = ProgressBar::new_spinner().with_style(style);
            let bar = self.bars.add(bar).with_prefix(what.clone());
            bar.enable_steady_tick(TICK);
            bar
        });
        Spinner {
            what,
            bar,
            lines: self.lines(),
        }
    }

    fn lines(&self) -> Option<Lines> {
        (self.shown == Style::Plain).then(|| Lines {
            program: self.program,
            started: Instant::now(),
            next: Mutex::new(Instant::now() + LINE_EVERY),
        })
    }

    pub(crate) fn start(&self, what: String, total: Option<u64>) -> Progress {
        let bar = (self.shown == Style::Auto).then(|| {
            let bar = match total {
                Some(total) => ProgressBar::new(total),
                None => ProgressBar::new_spinner(),
            };
            let template = if total.is_some() { BAR } else { SPINNER };
            let style = ProgressStyle::with_template(template);
            // The templates are fixed: where one was wrong, the usual bar would do.
            let bar = bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            self.bars.add(bar).with_message(what.clone())
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

#[derive(Debug)]
struct Lines {
    program: &'static str,
    started: Instant,
    next: Mutex<Instant>,
}

impl Lines {
    /// Says something if it is time to.
    fn say(&self, what: &str, words: impl FnOnce(Duration) -> String) {
        let now = Instant::now();
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        if now >= *next {
            *next = now + LINE_EVERY;
            let words = words(now - self.started);
            eprintln!("{}: {what}: {words}", self.program);
        }
    }
}

/// Work of which only the last line is known, until this is dropped.
#[derive(Debug)]
pub(crate) struct Spinner {
    what: String,
    bar: Option<ProgressBar>,
    lines: Option<Lines>,
}

impl Spinner {
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

impl Progress {
    /// So many more bytes are done.
    pub fn add(&self, bytes: u64) {
        let done = self.done.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if let Some(bar) = &self.bar {
            if self.total.is_some_and(|total| done > total) {
                bar.set_length(done);
            }
            bar.set_position(done);
        }
        if let Some(lines) = &self.lines {
            lines.say(&self.what, |passed| words(done, self.total, passed));
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
    }
}

/// `120 MB of 500 MB, 60 MB/s, 6 s left`.
fn words(done: u64, total: Option<u64>, after: Duration) -> String {
    let rate = u128::from(done) * 1000 / after.as_millis().max(1);
    let rate = u64::try_from(rate).unwrap_or(u64::MAX);
    let rate_words = format!("{}/s", size(rate));
    match total {
        Some(total) => {
            let left = total.saturating_sub(done) / rate.max(1);
            format!(
                "{} of {}, {rate_words}, {left} s left",
                size(done),
                size(total)
            )
        }
        None => format!("{}, {rate_words}", size(done)),
    }
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
    fn says_how_far_it_is() {
        let words = words(120_000_000, Some(500_000_000), Duration::from_secs(2));
        assert_eq!(words, "120 MB of 500 MB, 60 MB/s, 6 s left");
        assert_eq!(super::words(0, None, Duration::ZERO), "0 B, 0 B/s");
        let over = super::words(10, Some(5), Duration::from_secs(1));
        assert!(over.ends_with("0 s left"), "{over}");
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
