//! Panics: a bug of imgpipe ends the command as an interrupt does, with one line and code 1.
//!
//! Otherwise, a panic in a worker would leave other threads waiting for it, and its message is only for Rust
//! developers.

use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::OnceLock;

use failure::{Code, Failure};

use crate::{Hooks, Reporter, signals};

/// The first panic of this process.
static FAULT: OnceLock<Failure> = OnceLock::new();

/// From now on, a panic of any thread ends the command.
pub(crate) fn watch(reporter: &Reporter, hooks: Hooks) {
    let reporter = reporter.clone();
    panic::set_hook(Box::new(move |info| {
        // Later panics are consequences.
        if FAULT.set(failure(info)).is_ok() {
            signals::end_after_panic(&reporter, hooks);
        }
    }));
}

/// Runs work and catches a panic, which the hook reports.
pub(crate) fn caught<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    // Half-changed state does not matter: the process ends.
    let outcome = panic::catch_unwind(AssertUnwindSafe(work));
    outcome.unwrap_or_else(|_| Err(fault().unwrap_or_else(|| Failure::new(Code::Other, "failed"))))
}

/// The first panic, if there was one.
pub(crate) fn fault() -> Option<Failure> {
    FAULT.get().cloned()
}

fn failure(info: &PanicHookInfo<'_>) -> Failure {
    let payload = info.payload();
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    let says = text.unwrap_or("no message");
    let at = info.location().map(|at| format!(" at {at}"));
    let message = format!("internal error{}: {says}", at.unwrap_or_default());
    Failure::new(Code::Other, message)
        .with_hint("this is a bug in imgpipe; please report it with this line and the command")
}
