//! Progress of long operations.
//!
//! On a terminal, a bar with bytes, rate and remaining time. In a log, plain lines with the time of day, one every few
//! seconds. An operation with such lines also has one at its end. So short operations leave no line.

mod area;
mod form;
mod lines;
mod spinner;
mod waiting;

use std::io::{self, IsTerminal, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use area::Area;
use clap::ValueEnum;
use form::{BAR, SHORT, UNKNOWN};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget};
use lines::ProgressLines;
pub(crate) use spinner::Spinner;
pub use waiting::Waiting;

/// The interval of plain lines with `--progress plain`.
const LINE_EVERY: Duration = Duration::from_secs(5);
/// The interval in a log by default: only long operations are reported.
const LOG_EVERY: Duration = Duration::from_secs(15);
/// The most drawings of a terminal's lines in a second.
const DRAWN: u8 = 20;
/// How often to measure a watched operation.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// A terminal with fewer columns is narrow.
const NARROW: u16 = 72;

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ProgressMode {
    /// A bar on a terminal, else plain lines of long operations.
    #[default]
    Auto,
    /// A line every few seconds.
    Plain,
    /// Nothing.
    None,
}

/// The kind of progress on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Bar,
    /// A line in this interval.
    Lines(Duration),
    Nothing,
}

impl Shown {
    fn new(style: ProgressMode, quiet: bool, terminal: bool) -> Self {
        match style {
            _ if quiet => Self::Nothing,
            ProgressMode::None => Self::Nothing,
            ProgressMode::Plain => Self::Lines(LINE_EVERY),
            ProgressMode::Auto if terminal => Self::Bar,
            ProgressMode::Auto => Self::Lines(LOG_EVERY),
        }
    }
}

/// The target of bars.
fn target(shown: Shown) -> ProgressDrawTarget {
    match shown {
        Shown::Bar => {
            let area = Area::new(io::stderr(), area::size);
            ProgressDrawTarget::term_like_with_hz(Box::new(area), DRAWN)
        }
        Shown::Lines(_) | Shown::Nothing => ProgressDrawTarget::hidden(),
    }
}

/// The bars on standard error.
#[derive(Debug, Clone)]
pub(crate) struct Screen {
    program: &'static str,
    shown: Shown,
    bars: MultiProgress,
    ended: Arc<AtomicBool>,
}

impl Screen {
    pub(crate) fn new(program: &'static str, style: ProgressMode, quiet: bool) -> Self {
        let shown = Shown::new(style, quiet, io::stderr().is_terminal());
        Self {
            program,
            shown,
            bars: MultiProgress::with_draw_target(target(shown)),
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

    /// Clears the bars, and shows nothing after that.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
        if self.shown == Shown::Bar {
            // An error means that the terminal is gone.
            let _ = self.bars.clear();
            self.bars.set_draw_target(ProgressDrawTarget::hidden());
        }
    }

    /// Shows a task without a measure, with its last line.
    pub(crate) fn spin(&self, what: String) -> Spinner {
        let bar = (self.shown == Shown::Bar).then(|| self.bars.add(spinner::task(&what)));
        Spinner::new(what, bar, self.lines())
    }

    /// Shows a task without any output.
    pub(crate) fn wait(&self, what: String) -> Waiting {
        let bar = (self.shown == Shown::Bar).then(|| self.bars.add(spinner::silent(&what)));
        Waiting::new(Spinner::new(what, bar, self.lines()))
    }

    fn lines(&self) -> Option<ProgressLines> {
        match self.shown {
            Shown::Lines(every) => Some(ProgressLines::new(self.program, every)),
            Shown::Bar | Shown::Nothing => None,
        }
    }

    /// `done` bytes were done before; they do not count for the remaining time.
    pub(crate) fn start(&self, what: String, total: Option<u64>, done: u64) -> Progress {
        let bar = (self.shown == Shown::Bar).then(|| {
            let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
            // The rate counts from the position of the last tick.
            bar.set_position(done);
            bar.tick();
            bar.reset_elapsed();
            let form = match total {
                Some(_) if area::size().columns < NARROW => SHORT,
                Some(_) => BAR,
                None => UNKNOWN,
            };
            self.bars.add(bar.with_style(form.style(&what)))
        });
        Progress {
            what,
            total,
            before: done,
            done: AtomicU64::new(done),
            bar,
            lines: self.lines(),
        }
    }
}

/// Progress of one operation. Dropping it removes its bar.
#[derive(Debug)]
pub struct Progress {
    what: String,
    total: Option<u64>,
    /// The bytes that were done before.
    before: u64,
    done: AtomicU64,
    bar: Option<ProgressBar>,
    lines: Option<ProgressLines>,
}

impl Progress {
    /// Adds bytes.
    pub fn add(&self, bytes: u64) {
        let done = self.done.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if let Some(bar) = &self.bar {
            if self.total.is_some_and(|total| done > total) {
                bar.set_length(done);
            }
            bar.set_position(done);
            if done == self.before + bytes {
                // The time until then belongs to other work, and does not count for the remaining time.
                bar.reset_elapsed();
            }
        }
        if let Some(lines) = &self.lines {
            lines.add(&self.what, done, self.total);
        }
    }

    /// Runs work whose progress is only visible from outside: `measure` returns the total of done bytes.
    pub fn watch<T>(&self, measure: impl Fn() -> u64 + Sync, work: impl FnOnce() -> T) -> T {
        let (working, is_over) = mpsc::channel::<()>();
        let measure = &measure;
        thread::scope(|scope| {
            scope.spawn(move || {
                loop {
                    let seen = self.done.load(Ordering::Relaxed);
                    self.add(measure().saturating_sub(seen));
                    // The channel is closed when the work ends or panics.
                    if is_over.recv_timeout(LOOK_EVERY) != Err(RecvTimeoutError::Timeout) {
                        break;
                    }
                }
            });
            let _working = working;
            work()
        })
    }

    /// A writer that counts its bytes.
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
            (ProgressMode::Auto, false, true, Shown::Bar),
            (ProgressMode::Auto, false, false, Shown::Lines(LOG_EVERY)),
            (ProgressMode::Auto, true, true, Shown::Nothing),
            (ProgressMode::Plain, false, true, Shown::Lines(LINE_EVERY)),
            (ProgressMode::Plain, true, false, Shown::Nothing),
            (ProgressMode::None, false, true, Shown::Nothing),
        ] {
            assert_eq!(Shown::new(style, quiet, terminal), shown, "{style:?}");
        }
    }

    #[test]
    fn watches_what_grows() {
        let screen = Screen::new("test", ProgressMode::None, false);
        let progress = screen.start("x".into(), None, 0);
        let looked = AtomicU64::new(0);
        let measure = || 10 * (1 + looked.fetch_add(1, Ordering::Relaxed));
        let work = || {
            while looked.load(Ordering::Relaxed) < 2 {
                thread::yield_now();
            }
            "done"
        };
        assert_eq!(progress.watch(measure, work), "done");
        assert!(progress.done.load(Ordering::Relaxed) >= 10);
    }

    #[test]
    fn work_that_panics_is_not_watched_for_ever() {
        let screen = Screen::new("test", ProgressMode::None, false);
        let progress = screen.start("x".into(), None, 0);
        let work = || progress.watch(|| 0, || panic!("on purpose"));
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        outcome.expect_err("a panic");
    }

    #[test]
    fn what_was_done_before_has_no_rate() {
        let screen = Screen {
            shown: Shown::Bar,
            ..Screen::new("test", ProgressMode::None, false)
        };
        let progress = screen.start("x".into(), Some(2_000_000_000), 1_000_000_000);
        let bar = progress.bar.as_ref().expect("a bar");
        assert_eq!(bar.position(), 1_000_000_000);
        for _ in 0..2 {
            progress.add(1000);
            thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(bar.position(), 1_000_002_000);
        assert!(bar.per_sec() < 1_000_000.0, "{}", bar.per_sec());
    }

    #[test]
    fn counts_what_passes() {
        let screen = Screen::new("test", ProgressMode::None, false);
        let progress = screen.start("x".into(), Some(10), 0);
        let mut out = progress.counting(Vec::new());
        out.write_all(b"hello").expect("writes");
        let mut input = progress.counting(&b"abc"[..]);
        io::copy(&mut input, &mut io::sink()).expect("copies");
        assert_eq!(progress.done.load(Ordering::Relaxed), 8);
    }
}
