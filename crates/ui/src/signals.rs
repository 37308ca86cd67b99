//! Interrupts: a prompt end that leaves nothing behind.
//!
//! On the first signal every engine child is asked to end, which makes the work in progress fail and
//! unwind: guards remove unfinished files and temporary tags as on any other failure. Work that
//! does not look up (hashing a layer, waiting for a lock or for standard input) is not waited for: when the engine is
//! at rest and no registry is being written, this thread does what the guards would have done, and ends the process.
//! Whoever has removed something and not said so yet has longer. Kernel locks die with the process.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use failure::{Code, Failure};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::{Hooks, Reporter, panics};

/// How long the engine must have been at rest: work that fails with it is unwound by then.
const QUIET: Duration = Duration::from_millis(100);

/// How long engine and registry have to come to rest. People notice a second.
const GRACE: Duration = Duration::from_millis(700);

/// How much longer it has while it holds a [`Reprieve`] or removes what a build left: on a busy disk a moment's work may take seconds.
const REPRIEVE: Duration = Duration::from_secs(12);

/// The time for tags to be taken out of the engine, which is worth the wait.
const CLEAN_UP: Duration = Duration::from_secs(3);

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// In the place of a signal's number: this process panicked.
const PANIC: u8 = u8::MAX;

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

/// Whether a thread has said that this process was interrupted, and is ending it.
static ENDING: AtomicBool = AtomicBool::new(false);

/// Watches for the signals that ask a process to end, from now on.
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

/// Ends this process after a panic as after a signal, on a thread of its own: the one that panics may hold what this needs.
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

/// Waits until for so long there was nothing to wait for, or in vain.
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

/// What is left to do where the main thread is busy.
fn leave_nothing(hooks: Hooks) {
    // The main thread may have got so far meanwhile.
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

/// Says why this process ends. Returns only to the first thread that comes here: it is to end the process.
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

/// Whether this process was asked to end. Long work that no engine is part of looks at it.
pub fn interrupted() -> bool {
    received().is_some()
}

/// The code of the signal that was received or of a panic, if there was one.
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
