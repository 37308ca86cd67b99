//! Interrupts: a prompt end that leaves nothing behind.
//!
//! On the first signal every engine child is killed, which makes the work in progress fail and
//! unwind: guards remove unfinished files and temporary tags as on any other failure. Work that
//! does not look up in time (hashing a large layer) is ended after a grace period; its unfinished
//! files are removed before. Kernel locks die with the process in either case.

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::{Code, Failure};

/// How long the work in progress has to unwind. People notice a second.
const GRACE: Duration = Duration::from_millis(700);

static RECEIVED: AtomicU8 = AtomicU8::new(0);

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
