//! What is to be put right before this process ends without dropping what it holds.

use std::sync::{Mutex, PoisonError};

static CLEANUPS: Mutex<Vec<fn()>> = Mutex::new(Vec::new());

/// Lets [`clean_up`] call this. Given twice, it is called once.
pub fn on_clean_up(cleanup: fn()) {
    let mut cleanups = CLEANUPS.lock().unwrap_or_else(PoisonError::into_inner);
    if !cleanups
        .iter()
        .any(|known| std::ptr::fn_addr_eq(*known, cleanup))
    {
        cleanups.push(cleanup);
    }
}

/// Puts right what this process would leave behind: for the moment before it ends.
pub fn clean_up() {
    let cleanups = std::mem::take(&mut *CLEANUPS.lock().unwrap_or_else(PoisonError::into_inner));
    cleanups.iter().for_each(|cleanup| cleanup());
}
