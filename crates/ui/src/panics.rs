//! Panics: a fault of imgpipe itself ends the command as an interrupt does, with one line and code 1.
//!
//! Without this, a panic in a worker would leave other threads waiting for it, and its text is for those who know Rust.

use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::OnceLock;

use failure::{Code, Failure};

use crate::{Hooks, Reporter, signals};

/// The first panic of this process.
static FAULT: OnceLock<Failure> = OnceLock::new();

/// Lets a panic of any thread end the command, from now on.
pub(crate) fn watch(reporter: &Reporter, hooks: Hooks) {
    let reporter = reporter.clone();
    panic::set_hook(Box::new(move |info| {
        // Later ones follow from it.
        if FAULT.set(failure(info)).is_ok() {
            signals::end_after_panic(&reporter, hooks);
        }
    }));
}

/// Does work whose panic was said already, or is going to be.
pub(crate) fn caught<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    // What is half changed is not looked at again: the process ends.
    let outcome = panic::catch_unwind(AssertUnwindSafe(work));
    outcome.unwrap_or_else(|_| Err(fault().unwrap_or_else(|| Failure::new(Code::Other, "failed"))))
}

/// What the first panic was, if there was one.
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
