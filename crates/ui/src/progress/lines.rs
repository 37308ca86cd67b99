//! Progress as plain lines, each with the time of day.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::Utc;

use crate::{size, words};

/// The lines of one operation.
#[derive(Debug)]
pub(super) struct ProgressLines {
    program: &'static str,
    every: Duration,
    started: Instant,
    next: Mutex<Instant>,
    any: AtomicBool,
}

impl ProgressLines {
    pub(super) fn new(program: &'static str, every: Duration) -> Self {
        let started = Instant::now();
        Self {
            program,
            every,
            started,
            next: Mutex::new(started + every),
            any: AtomicBool::new(false),
        }
    }

    /// Reports the amount, if a line is due.
    pub(super) fn add(&self, what: &str, done: u64, total: Option<u64>) {
        self.say(what, |passed| amounts(done, total, passed));
    }

    /// Prints a line with the elapsed time, if a line is due.
    pub(super) fn say(&self, what: &str, words: impl FnOnce(Duration) -> String) {
        if self.is_due() {
            self.print(what, &words(self.started.elapsed()));
        }
    }

    /// Prints the end, if there were lines before.
    pub(super) fn end(&self, what: &str, done: u64) {
        if self.any.load(Ordering::Relaxed) {
            let seconds = self.started.elapsed().as_secs();
            self.print(what, &format!("{} in {seconds} s", size(done)));
        }
    }

    /// Whether a line is due. If so, the next is due after another interval.
    fn is_due(&self) -> bool {
        let now = Instant::now();
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let due = now >= *next;
        if due {
            *next = now + self.every;
        }
        due
    }

    fn print(&self, what: &str, words: &str) {
        let time = Utc::now().format("%H:%M:%SZ");
        words::line(format_args!("{}: {time} {what}: {words}", self.program));
        self.any.store(true, Ordering::Relaxed);
    }
}

/// `120 MB of 500 MB after 2 s, 60 MB/s, 6 s left`.
fn amounts(done: u64, total: Option<u64>, after: Duration) -> String {
    let rate = u128::from(done) * 1000 / after.as_millis().max(1);
    let rate = u64::try_from(rate).unwrap_or(u64::MAX);
    let seconds = after.as_secs();
    let rate_words = format!("{}/s", size(rate));
    match total {
        Some(total) => {
            let left = total.saturating_sub(done) / rate.max(1);
            let (done, total) = (size(done), size(total));
            format!("{done} of {total} after {seconds} s, {rate_words}, {left} s left")
        }
        None => format!("{} after {seconds} s, {rate_words}", size(done)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_how_far_it_is() {
        let words = amounts(120_000_000, Some(500_000_000), Duration::from_secs(2));
        assert_eq!(words, "120 MB of 500 MB after 2 s, 60 MB/s, 6 s left");
        assert_eq!(amounts(0, None, Duration::ZERO), "0 B after 0 s, 0 B/s");
        let over = amounts(10, Some(5), Duration::from_secs(1));
        assert!(over.ends_with("0 s left"), "{over}");
    }
}
