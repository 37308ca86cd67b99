//! Progress of tasks without any output.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::Spinner;

/// How often to check whether a line is due.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Reports that a task continues, until this is dropped.
#[derive(Debug)]
pub struct Waiting {
    /// Dropping it ends the reporting thread.
    over: Option<Sender<()>>,
    says: Option<JoinHandle<()>>,
}

impl Waiting {
    pub(super) fn new(spinner: Spinner) -> Self {
        let (over, is_over) = mpsc::channel();
        let says = thread::spawn(move || {
            while is_over.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
                spinner.goes_on();
            }
        });
        Self {
            over: Some(over),
            says: Some(says),
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        drop(self.over.take());
        if let Some(says) = self.says.take() {
            // If the thread panicked, the task is not affected.
            drop(says.join());
        }
    }
}
