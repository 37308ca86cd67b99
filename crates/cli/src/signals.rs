//! Interrupts: a prompt end that leaves nothing behind.
//!
//! On the first signal every engine child is killed, which makes the work in progress fail and
//! unwind: guards remove unfinished files and temporary tags as on any other failure. Work that
//! does not look up in time (hashing a large layer) is ended after a grace period; its unfinished
//! files are removed before. Whoever has removed something and not said so yet has longer. Kernel locks
//! die with the process in either case.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::{Code, Failure};

/// How long the work in progress has to unwind. People notice a second.
const GRACE: Duration = Duration::from_millis(700);

/// How much longer it has where it holds a [`Reprieve`]: on a busy disk a moment's work may take seconds.
const REPRIEVE: Duration = Duration::from_secs(10);
/// How often it is looked whether it still does.
const PAUSE: Duration = Duration::from_millis(10);

static RECEIVED: AtomicU8 = AtomicU8::new(0);
static REPRIEVES: AtomicUsize = AtomicUsize::new(0);

/// Held by whoever has changed what can't be changed back, until that was said.
#[derive(Debug)]
#[must_use]
pub struct Reprieve(());

/// While this is held, an interrupted process is not ended without a word.
pub fn reprieve() -> Reprieve {
    REPRIEVES.fetch_add(1, Ordering::SeqCst);
    Reprieve(())
}

impl Drop for Reprieve {
    fn drop(&mut self) {
        REPRIEVES.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Watches for the signals that ask a process to end, from now on.
pub(crate) fn watch() -> Result<(), Failure> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])
        .map_err(|error| Failure::new(Code::Other, format!("signals can't be watched: {error}")))?;
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            let number = u8::try_from(signal).unwrap_or_default();
            RECEIVED.store(number, Ordering::SeqCst);
            program::kill_all();
            std::thread::sleep(GRACE);
            let asked = Instant::now();
            while REPRIEVES.load(Ordering::SeqCst) > 0 && asked.elapsed() < REPRIEVE {
                std::thread::sleep(PAUSE);
            }
            registry::remove_unfinished();
            end(Code::Signal(number));
        }
    });
    Ok(())
}

#[expect(
    clippy::exit,
    reason = "the main thread is busy and nothing is left to unwind"
)]
fn end(code: Code) -> ! {
    std::process::exit(code.number().into())
}

/// Whether this process was asked to end. Long work that no engine is part of looks at it.
pub fn interrupted() -> bool {
    received().is_some()
}

/// The code of the signal that was received, if any was.
pub(crate) fn received() -> Option<Code> {
    match RECEIVED.load(Ordering::SeqCst) {
        0 => None,
        signal => Some(Code::Signal(signal)),
    }
}
