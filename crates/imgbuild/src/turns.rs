//! Work that several threads may ask for, of which each kind is done by one at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// One lock for each kind of work. The second to come finds done what the first did.
#[derive(Debug, Default)]
pub struct Turns(Mutex<HashMap<String, Arc<Mutex<()>>>>);

impl Turns {
    /// Does work of a kind while nobody else does.
    pub(crate) fn take<T>(&self, kind: &str, work: impl FnOnce() -> T) -> T {
        let turn = {
            let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            turns.entry(kind.to_owned()).or_default().clone()
        };
        let _mine = turn.lock().unwrap_or_else(PoisonError::into_inner);
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
        let (turns, inside, done) = (Turns::default(), AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for number in 0..6 {
                let (turns, inside, done) = (&turns, &inside, &done);
                scope.spawn(move || {
                    turns.take(if number % 2 == 0 { "even" } else { "odd" }, || {
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
