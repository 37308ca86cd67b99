//! Cleanups to run before this process ends without dropping its values.

use std::sync::{Mutex, PoisonError};

static CLEANUPS: Mutex<Vec<fn()>> = Mutex::new(Vec::new());

/// Registers a function for [`clean_up`]. A second registration has no effect.
pub fn on_clean_up(cleanup: fn()) {
    let mut cleanups = CLEANUPS.lock().unwrap_or_else(PoisonError::into_inner);
    if !cleanups
        .iter()
        .any(|known| std::ptr::fn_addr_eq(*known, cleanup))
    {
        cleanups.push(cleanup);
    }
}

/// Runs the cleanups, right before this process ends.
pub fn clean_up() {
    let cleanups = std::mem::take(&mut *CLEANUPS.lock().unwrap_or_else(PoisonError::into_inner));
    cleanups.iter().for_each(|cleanup| cleanup());
}
