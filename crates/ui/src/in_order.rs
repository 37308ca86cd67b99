//! Runs work in parallel, and returns the results in order.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// Runs `work` for each number below `count` on up to `jobs` threads. It passes each result to `take` as soon as that
/// and all earlier ones are there. If `take` fails, no new work starts, and its error is returned.
pub fn in_order<T: Send, E>(
    count: usize,
    jobs: usize,
    work: impl Fn(usize) -> T + Sync,
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    let next = AtomicUsize::new(0);
    let (outcomes, done) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, count.max(1)) {
            let (outcomes, next, work) = (outcomes.clone(), &next, &work);
            scope.spawn(move || {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count || outcomes.send((number, work(number))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(outcomes);
        let mut early = BTreeMap::new();
        let mut due = 0;
        for (number, outcome) in done {
            early.insert(number, outcome);
            while let Some(outcome) = early.remove(&due) {
                if let Err(error) = take(outcome) {
                    next.store(count, Ordering::Relaxed);
                    return Err(error);
                }
                due += 1;
            }
        }
        Ok(())
    })
}

/// The default number of threads.
pub fn processors() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn outcomes_come_in_order_and_a_failure_ends_it() {
        let slow_first = |number: usize| {
            thread::sleep(Duration::from_millis(20_u64.saturating_sub(number as u64)));
            number
        };
        for jobs in [0, 1, 3, 100] {
            let mut taken = Vec::new();
            let all = in_order(20, jobs, slow_first, |number| {
                taken.push(number);
                Ok::<_, ()>(())
            });
            assert_eq!((all, taken), (Ok(()), (0..20).collect::<Vec<_>>()));
        }
        let failed = in_order(
            1000,
            2,
            |number| number,
            |number| match number {
                7 => Err(number),
                _ => Ok(()),
            },
        );
        assert_eq!(failed, Err(7));
        assert_eq!(in_order(0, 2, |_| (), |()| Err(())), Ok(()));
    }
}
