//! The debug log: each command that is run, with its time and exit status.
//!
//! `-vv` or `IMG_LOG=debug` turns it on. `-vvv` or `IMG_LOG=trace` also logs when a command starts.

use std::env;
use std::fmt;
use std::io::{self, Write};
use std::time::Instant;

use failure::Failure;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

use crate::Reporter;

/// The variable that sets the level: `off`, `error`, `warn`, `info`, `debug` or `trace`.
const VARIABLE: &str = "IMG_LOG";

/// Starts the log to standard error, if the flags or the environment enable it.
pub(crate) fn start(verbose: u8, reporter: &Reporter) -> Result<(), Failure> {
    let level = match env::var(VARIABLE).ok().filter(|level| !level.is_empty()) {
        Some(level) => level.parse().map_err(|_| {
            Failure::usage(format!("{VARIABLE}: unknown level `{level}`"))
                .with_hint("use off, error, warn, info, debug or trace")
        })?,
        None => match verbose {
            0 | 1 => LevelFilter::OFF,
            2 => LevelFilter::DEBUG,
            _ => LevelFilter::TRACE,
        },
    };
    if level == LevelFilter::OFF {
        return Ok(());
    }
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_timer(Since(Instant::now()))
        .with_level(false)
        .with_target(false)
        .with_ansi(false)
        .with_writer(LogWriter(reporter.clone()))
        .finish();
    // It fails only if there is a log already.
    let _ = tracing::subscriber::set_global_default(subscriber);
    Ok(())
}

/// The time since the command began, in seconds.
struct Since(Instant);

impl FormatTime for Since {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        write!(writer, "{:.3} s", self.0.elapsed().as_secs_f64())
    }
}

/// Writes each event as a line of the reporter, so that it does not mix with progress bars.
struct LogWriter(Reporter);

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(&self.0)
    }
}

struct Line<'a>(&'a Reporter);

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.log(String::from_utf8_lossy(bytes).trim());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
