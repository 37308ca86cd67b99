//! Interrupts: a prompt end that leaves no files behind.
//!
//! The first signal ends every child process, so the current work fails and unwinds: guards remove temporary files and
//! tags as on any other failure. Some work does not notice: hashing a layer, waiting for a lock or for standard input.
//! It is not waited for. When the engine is at rest and no registry is being written, this thread does the guards'
//! work, and ends the process. A thread that removed something and did not report it yet has more time. Kernel locks
//! end with the process.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use failure::{Code, Failure};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::{Hooks, Reporter, panics};

/// How long the engine must be at rest: failed work has unwound by then.
const QUIET: Duration = Duration::from_millis(100);

/// How long to wait for engine and registry. People notice a second.
const GRACE: Duration = Duration::from_millis(700);

/// The longest wait while a [`Reprieve`] is held or a build is cleaned up: on a busy disk, short work may take seconds.
const REPRIEVE: Duration = Duration::from_secs(12);

/// How long to wait for the removal of tags from the engine.
const CLEAN_UP: Duration = Duration::from_secs(3);

/// The pause between two checks.
const PAUSE: Duration = Duration::from_millis(5);

/// Instead of a signal's number: this process panicked.
const PANIC: u8 = u8::MAX;

static RECEIVED: AtomicU8 = AtomicU8::new(0);
static REPRIEVES: AtomicUsize = AtomicUsize::new(0);

/// Held after an irreversible change, until the change is reported.
#[derive(Debug)]
#[must_use]
pub struct Reprieve(());

/// While this is held, an interrupt waits longer.
pub fn reprieve() -> Reprieve {
    REPRIEVES.fetch_add(1, Ordering::SeqCst);
    Reprieve(())
}

impl Drop for Reprieve {
    fn drop(&mut self) {
        REPRIEVES.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Whether a thread has reported the interrupt, and is ending the process.
static ENDING: AtomicBool = AtomicBool::new(false);

/// Starts watching for the signals that end a process.
pub(crate) fn watch(reporter: &Reporter, hooks: Hooks) -> Result<(), Failure> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])
        .map_err(|error| Failure::new(Code::Other, format!("cannot watch signals: {error}")))?;
    let reporter = reporter.clone();
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            let number = u8::try_from(signal).unwrap_or_default();
            RECEIVED.store(number, Ordering::SeqCst);
            wind_up(code_of(number), &reporter, hooks);
        }
    });
    Ok(())
}

/// Ends this process after a panic as after a signal, on a separate thread: the panicking one may hold locks.
pub(crate) fn end_after_panic(reporter: &Reporter, hooks: Hooks) {
    RECEIVED.store(PANIC, Ordering::SeqCst);
    let reporter = reporter.clone();
    let ending = thread::Builder::new().spawn(move || wind_up(code_of(PANIC), &reporter, hooks));
    if ending.is_err() {
        end(code_of(PANIC));
    }
}

/// Ends the process unless the main thread does so first.
fn wind_up(code: Code, reporter: &Reporter, hooks: Hooks) -> ! {
    process::kill_all();
    wait(GRACE, QUIET, || process::is_busy() || (hooks.is_writing)());
    wait(REPRIEVE, PAUSE, || REPRIEVES.load(Ordering::SeqCst) > 0);
    say(code, reporter);
    leave_nothing(hooks);
    end(code);
}

/// Waits until nothing was busy for the time `quiet`, but at most for `limit`.
fn wait(limit: Duration, quiet: Duration, busy: impl Fn() -> bool) {
    let began = Instant::now();
    let mut at_rest = began;
    while at_rest.elapsed() < quiet && began.elapsed() < limit {
        thread::sleep(PAUSE);
        if busy() {
            at_rest = Instant::now();
        }
    }
}

/// The cleanup if the main thread is busy.
fn leave_nothing(hooks: Hooks) {
    // The main thread may have started to write meanwhile.
    (hooks.stop_writing)();
    wait(CLEAN_UP, PAUSE, hooks.is_writing);
    (hooks.remove_unfinished)();
    process::kill_rest();
    let (done, ended) = mpsc::channel::<()>();
    thread::spawn(move || {
        process::clean_up();
        drop(done);
    });
    // Nothing is ever sent: this returns when the tags are gone, or after the time.
    let _ = ended.recv_timeout(CLEAN_UP);
    wait(REPRIEVE, PAUSE, process::is_cleaning);
}

/// Reports why this process ends. Returns only to the first caller, which must end the process.
pub(crate) fn say(code: Code, reporter: &Reporter) {
    if ENDING.swap(true, Ordering::SeqCst) {
        loop {
            thread::park();
        }
    }
    let failure = panics::fault().unwrap_or_else(|| Failure::new(code, "interrupted"));
    reporter.last_words(&failure);
}

#[expect(
    clippy::exit,
    reason = "the main thread is busy and nothing is left to unwind"
)]
fn end(code: Code) -> ! {
    std::process::exit(code.number().into())
}

/// Whether this process must end. Long work without an engine checks it.
pub fn interrupted() -> bool {
    received().is_some()
}

/// The code of the received signal or of a panic, if any.
pub(crate) fn received() -> Option<Code> {
    match RECEIVED.load(Ordering::SeqCst) {
        0 => None,
        number => Some(code_of(number)),
    }
}

fn code_of(received: u8) -> Code {
    match received {
        PANIC => Code::Other,
        signal => Code::Signal(signal),
    }
}
