//! One lock for each key, for work that several threads may need.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// One lock for each key. The second thread finds the work done.
#[derive(Debug, Default)]
pub(crate) struct KeyedMutex(Mutex<HashMap<String, Arc<Mutex<()>>>>);

impl KeyedMutex {
    /// Does work under the lock of a key.
    pub(crate) fn with<T>(&self, key: &str, work: impl FnOnce() -> T) -> T {
        let mutex = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.entry(key.to_owned()).or_default().clone()
        };
        let _held = mutex.lock().unwrap_or_else(PoisonError::into_inner);
        work()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    fn one_kind_is_done_by_one_at_a_time() {
        let (mutex, inside, done) = (
            KeyedMutex::default(),
            AtomicUsize::new(0),
            AtomicUsize::new(0),
        );
        thread::scope(|scope| {
            for number in 0..6 {
                let (mutex, inside, done) = (&mutex, &inside, &done);
                scope.spawn(move || {
                    mutex.with(if number % 2 == 0 { "even" } else { "odd" }, || {
                        let there = inside.fetch_add(1, Ordering::SeqCst);
                        assert!(there < 2, "two kinds, and {there} were there already");
                        thread::sleep(Duration::from_millis(10));
                        inside.fetch_sub(1, Ordering::SeqCst);
                        done.fetch_add(1, Ordering::SeqCst);
                    });
                });
            }
        });
        assert_eq!(done.load(Ordering::SeqCst), 6);
    }
}
