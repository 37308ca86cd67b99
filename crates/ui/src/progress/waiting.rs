//! Work of which nothing is known but that it goes on.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::Spinner;

/// How often it is looked whether it is time to say so.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Says that something goes on, until this is dropped.
#[derive(Debug)]
pub struct Waiting {
    /// Whoever says so ends with this.
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
            // It can't fail but by a fault of its own, which is none of the work's.
            drop(says.join());
        }
    }
}
