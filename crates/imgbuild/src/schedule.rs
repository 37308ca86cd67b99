//! A schedule of work with dependencies, several pieces at a time.

use std::mem;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

/// The work.
pub(crate) struct Schedule<'a> {
    /// For each piece of work, the pieces that must be done before. A piece in a cycle would never begin.
    pub after: &'a [Vec<usize>],
    /// How many pieces run at a time.
    pub jobs: usize,
    /// Whether others still begin after a failure.
    pub keep_going: bool,
}

/// The results so far.
struct State {
    begun: Vec<bool>,
    /// Whether it succeeded, if it has ended.
    ended: Vec<Option<bool>>,
    stopped: bool,
}

impl Schedule<'_> {
    /// Does all work and passes each result to `take`, on the caller's thread, in the order in which they end. `work`
    /// gets a number and those of the failed pieces before it; if `take` returns `false`, nothing more begins. Pieces
    /// that many others wait for come first, else in their given order.
    pub(crate) fn run<T: Send, E: Send>(
        &self,
        work: impl Fn(usize, &[usize]) -> Result<T, E> + Sync,
        mut take: impl FnMut(usize, Result<T, E>) -> bool,
    ) {
        let count = self.after.len();
        let state = Mutex::new(State {
            begun: vec![false; count],
            ended: vec![None; count],
            stopped: false,
        });
        let (state, changed, order) = (&state, &Condvar::new(), &self.order());
        let (outcomes, done) = mpsc::channel();
        thread::scope(|scope| {
            for _ in 0..self.jobs.clamp(1, count.max(1)) {
                let (outcomes, work) = (outcomes.clone(), &work);
                scope.spawn(move || {
                    while let Some((number, failed)) = self.next(state, changed, order) {
                        let unwound = Unwound {
                            state,
                            changed,
                            number,
                        };
                        let outcome = work(number, &failed);
                        mem::forget(unwound);
                        let mut state = lock(state);
                        state.ended[number] = Some(outcome.is_ok());
                        state.stopped |= outcome.is_err() && !self.keep_going;
                        // Under the lock: a piece that waits for this one does not overtake its result. The receiver outlives
                        // every sender.
                        let _ = outcomes.send((number, outcome));
                        drop(state);
                        changed.notify_all();
                    }
                });
            }
            drop(outcomes);
            for (number, outcome) in done {
                if !take(number, outcome) {
                    lock(state).stopped = true;
                    changed.notify_all();
                }
            }
        });
    }

    /// The next piece that can begin, and which pieces before it failed; waits for one. `None` if there is none.
    fn next(
        &self,
        state: &Mutex<State>,
        changed: &Condvar,
        order: &[usize],
    ) -> Option<(usize, Vec<usize>)> {
        let mut state = lock(state);
        loop {
            if state.stopped {
                return None;
            }
            let waiting = order.iter().copied().filter(|number| !state.begun[*number]);
            let ended = |number: &usize| state.ended[*number];
            let ready = waiting.clone().find(|number| {
                self.after[*number]
                    .iter()
                    .all(|other| ended(other).is_some())
            });
            if let Some(number) = ready {
                let before = self.after[number].iter().copied();
                let failed = before.filter(|other| ended(other) == Some(false)).collect();
                state.begun[number] = true;
                return Some((number, failed));
            }
            let running =
                (0..order.len()).any(|number| state.begun[number] && ended(&number).is_none());
            if waiting.count() == 0 || !running {
                return None;
            }
            state = changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn order(&self) -> Vec<usize> {
        let mut waited_for = vec![0_usize; self.after.len()];
        for number in self.after.iter().flatten() {
            waited_for[*number] += 1;
        }
        let mut order: Vec<_> = (0..self.after.len()).collect();
        order.sort_by_key(|number| std::cmp::Reverse(waited_for[*number]));
        order
    }
}

/// Dropped when a piece of work panics: then nothing more begins, and no thread waits for it.
struct Unwound<'a> {
    state: &'a Mutex<State>,
    changed: &'a Condvar,
    number: usize,
}

impl Drop for Unwound<'_> {
    fn drop(&mut self) {
        let mut state = lock(self.state);
        state.ended[self.number] = Some(false);
        state.stopped = true;
        drop(state);
        self.changed.notify_all();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;

    /// The order in which pieces ended, and their results. Those in `bad` fail themselves, others because of their
    /// dependencies.
    fn run(
        after: &[Vec<usize>],
        jobs: usize,
        keep_going: bool,
        bad: &[usize],
    ) -> Vec<(usize, bool)> {
        let schedule = Schedule {
            after,
            jobs,
            keep_going,
        };
        let mut ended = Vec::new();
        let running = Mutex::new(0);
        schedule.run(
            |number, failed| {
                *running.lock().unwrap() += 1;
                assert!(*running.lock().unwrap() <= jobs);
                thread::sleep(Duration::from_millis(5));
                *running.lock().unwrap() -= 1;
                if bad.contains(&number) || !failed.is_empty() {
                    return Err(());
                }
                Ok(())
            },
            |number, outcome| {
                ended.push((number, outcome.is_ok()));
                true
            },
        );
        ended
    }

    #[test]
    fn what_is_waited_for_comes_first() {
        // 0 and 2 wait for 3, 3 for 4.
        let after = [vec![3], vec![], vec![3], vec![4], vec![]];
        for jobs in [1, 2, 8] {
            let ended = run(&after, jobs, false, &[]);
            let place: BTreeMap<_, _> = ended
                .iter()
                .enumerate()
                .map(|(at, (n, _))| (*n, at))
                .collect();
            assert_eq!(place.len(), 5, "{ended:?}");
            assert!(place[&4] < place[&3] && place[&3] < place[&0] && place[&3] < place[&2]);
        }
        assert_eq!(run(&after, 1, false, &[])[0], (3 + 1, true));
    }

    #[test]
    fn a_failure_ends_it_or_fails_what_waits() {
        let after = [vec![3], vec![], vec![3], vec![]];
        assert_eq!(run(&after, 1, false, &[3]), [(3, false)]);
        let mut all = run(&after, 2, true, &[3]);
        all.sort_unstable();
        assert_eq!(all, [(0, false), (1, true), (2, false), (3, false)]);
    }

    #[test]
    fn nothing_begins_any_more_where_nobody_wants_it() {
        let schedule = Schedule {
            after: &vec![Vec::new(); 50],
            jobs: 1,
            keep_going: true,
        };
        let mut taken = 0;
        let work = |_: usize, _: &[usize]| {
            thread::sleep(Duration::from_millis(2));
            Ok::<_, ()>(())
        };
        schedule.run(work, |_, _| {
            taken += 1;
            false
        });
        assert!(taken < 50, "{taken}");
    }

    #[test]
    fn a_panic_ends_it_and_no_thread_waits() {
        let after = [vec![], vec![0], vec![0]];
        let schedule = Schedule {
            after: &after,
            jobs: 3,
            keep_going: true,
        };
        let work = |number: usize, _: &[usize]| {
            assert!(number != 0, "on purpose");
            Ok::<_, ()>(())
        };
        let all = std::panic::AssertUnwindSafe(|| schedule.run(work, |_, _| true));
        std::panic::catch_unwind(all).expect_err("a panic");
    }

    #[test]
    fn circles_never_begin_and_nothing_hangs() {
        assert_eq!(run(&[vec![1], vec![0], vec![]], 2, true, &[]), [(2, true)]);
        assert_eq!(run(&[], 2, true, &[]), []);
    }
}
