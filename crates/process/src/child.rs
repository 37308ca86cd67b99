//! Running processes, and ending them early.
//!
//! Every child is on one list of the process, so that a signal handler can end them all. A child first gets a signal,
//! usually SIGTERM: command lines pass it on to their plugins and close their connection, so a daemon gives up. After
//! [`GRACE`] it is killed.
//!
//! Children stay in this process's group. So Ctrl-C on a terminal reaches them directly, and a shell can stop the whole
//! job. A password prompt of `ssh` or `sudo` keeps its terminal. But ending a child does not end its descendants, for
//! example the program behind a wrapper script. Those that are left after the child (see `family`) are ended in the
//! same way.

use std::io;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use duct::unix::HandleExt;
use rustix::process::Signal;

use crate::family::{Family, MARK, Member};
use crate::log::Logged;

/// The numbers of the signals, the same on every Unix.
pub const SIGTERM: i32 = 15;
const SIGKILL: i32 = 9;
/// The time between SIGTERM and SIGKILL: enough to remove temporary files, short enough after Ctrl-C.
const GRACE: Duration = Duration::from_secs(3);

/// Instead of a time: the child waits for this process, not the other way round.
const PAUSED: u64 = u64::MAX;

static CHILDREN: Mutex<Children> = Mutex::new(Children {
    interrupted: false,
    running: Vec::new(),
    cleaning: 0,
});

struct Children {
    interrupted: bool,
    running: Vec<Arc<Child>>,
    /// How many threads clean up.
    cleaning: usize,
}

fn children() -> MutexGuard<'static, Children> {
    lock(&CHILDREN)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends every call of this process and refuses new ones: both fail as
/// [`Error::Interrupted`](crate::Error::Interrupted). Only calls that clean up (see [`Call::new`](crate::Call::new))
/// continue and can still start.
///
/// Returns at once. Call it on a thread that waits for signals, not in a signal handler: it takes a lock.
pub fn kill_all() {
    let mut children = children();
    children.interrupted = true;
    for child in children.running.iter().filter(|child| !child.cleans_up) {
        child.stop(Stop::Interrupted);
    }
}

/// Kills every running call that does not clean up, with its descendants. Call it right before this process ends
/// without waiting for them.
pub fn kill_rest() {
    let rest: Vec<_> = {
        let children = children();
        let rest = children.running.iter().filter(|child| !child.cleans_up);
        rest.cloned().collect()
    };
    for child in rest {
        let family = child.members();
        // An error means that it has ended by itself.
        let _ = child.handle.send_signal(SIGKILL);
        for member in family {
            member.signal(Signal::KILL);
        }
    }
}

/// Whether a call runs.
pub fn is_busy() -> bool {
    let children = children();
    children.cleaning > 0 || !children.running.is_empty()
}

/// Whether a cleanup after a failure is running.
pub fn is_cleaning() -> bool {
    let children = children();
    children.cleaning > 0 || children.running.iter().any(|child| child.cleans_up)
}

/// A cleanup of several calls with pauses between them. It lasts until this is dropped.
#[derive(Debug)]
pub struct Cleaning(());

impl Cleaning {
    /// Starts it.
    pub fn start() -> Self {
        children().cleaning += 1;
        Self(())
    }
}

impl Drop for Cleaning {
    fn drop(&mut self) {
        children().cleaning -= 1;
    }
}

/// Whether [`kill_all`] was called.
pub fn interrupted() -> bool {
    children().interrupted
}

/// Why a child was ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop {
    /// [`kill_all`] was called.
    Interrupted = 1,
    /// It was without I/O for too long, or ran for too long.
    Timeout,
    /// The user of its streams gave up.
    Abandoned,
}

/// A started program.
#[derive(Debug)]
pub struct Child {
    handle: duct::Handle,
    /// Its descendants.
    family: Family,
    /// The thread that ends it.
    ending: Mutex<Option<JoinHandle<()>>>,
    cleans_up: bool,
    end_signal: i32,
    stop: AtomicU8,
    started: Instant,
    /// Milliseconds from `started` to the last I/O, or [`PAUSED`].
    active: AtomicU64,
}

impl Child {
    /// Starts a child, and adds it to the list. `end_signal` ends it early. Returns `None` after an interrupt, unless
    /// the call cleans up. One lock covers both steps, so that [`kill_all`] misses no child.
    pub fn start(
        expression: &duct::Expression,
        cleans_up: bool,
        end_signal: i32,
    ) -> io::Result<Option<Running>> {
        let mut children = children();
        if children.interrupted && !cleans_up {
            return Ok(None);
        }
        let family = Family::new();
        let expression = expression.env(MARK, family.mark()).unchecked();
        let child = Arc::new(Self {
            handle: expression.start()?,
            family,
            ending: Mutex::default(),
            cleans_up,
            end_signal,
            stop: AtomicU8::new(0),
            started: Instant::now(),
            active: AtomicU64::new(0),
        });
        children.running.push(child.clone());
        Ok(Some(Running {
            child,
            logged: None,
        }))
    }

    /// Notes I/O, for the timeout.
    pub fn moved(&self) {
        let now = |active| (active != PAUSED).then(|| self.elapsed());
        // An error means that the timer is stopped anyway.
        let _ = self
            .active
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, now);
    }

    /// Pauses the timeout: this process is busy elsewhere, and the child waits.
    pub fn pause(&self) {
        self.active.store(PAUSED, Ordering::Relaxed);
    }

    /// Resumes the timeout.
    pub fn resume(&self) {
        self.active.store(self.elapsed(), Ordering::Relaxed);
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Why the child was ended, if it was.
    pub fn stopped(&self) -> Option<Stop> {
        [Stop::Interrupted, Stop::Timeout, Stop::Abandoned]
            .into_iter()
            .find(|&stop| stop as u8 == self.stop.load(Ordering::SeqCst))
    }

    /// Signals the child, and kills it later if necessary. The first reason counts.
    pub fn stop(self: &Arc<Self>, reason: Stop) {
        // Held until there is a thread to wait for: the child may end at once.
        let mut ending_by = lock(&self.ending);
        if self
            .stop
            .compare_exchange(0, reason as u8, Ordering::SeqCst, Ordering::SeqCst)
            .is_err()
        {
            return;
        }
        // Read the descendants now: after the child's end, they may have another parent.
        drop(self.members());
        // An error means that the child has ended by itself.
        let _ = self.handle.send_signal(self.end_signal);
        let child = self.clone();
        let ending = thread::Builder::new().spawn(move || {
            if !matches!(child.handle.wait_timeout(GRACE), Ok(Some(_))) {
                drop(child.members());
                let _ = child.handle.kill();
            }
            child.family.end(GRACE);
        });
        match ending {
            Ok(ending) => *ending_by = Some(ending),
            Err(_) => drop(self.handle.kill()),
        }
    }

    /// Its number, while it runs: afterwards another process may have the number.
    pub fn pid(&self) -> Option<i32> {
        let pids = match self.handle.try_wait() {
            Ok(None) => self.handle.pids(),
            _ => Vec::new(),
        };
        pids.first().and_then(|pid| i32::try_from(*pid).ok())
    }

    /// Its living descendants.
    pub(crate) fn members(&self) -> Vec<Member> {
        self.family.members(self.pid())
    }

    /// Waits until a child that is being ended is gone, with its descendants.
    fn wait_for_ending(&self) {
        let ending = lock(&self.ending).take();
        if let Some(ending) = ending {
            // The thread does not panic.
            let _ = ending.join();
        }
    }

    /// Waits for the child to end; ends it after `limit` without I/O.
    pub fn wait(self: &Arc<Self>, limit: Option<Duration>) -> io::Result<ExitStatus> {
        while let Some(limit) = limit
            && self.stopped().is_none()
            && let Some(deadline) = self.deadline(limit)
        {
            if let Some(output) = self.handle.wait_deadline(deadline)? {
                return Ok(output.status);
            }
            if self.is_overdue(limit) {
                self.stop(Stop::Timeout);
            }
        }
        self.handle.wait().map(|output| output.status)
    }

    /// Waits for the child to end; ends it after `limit` in any case.
    pub fn wait_at_most(self: &Arc<Self>, limit: Duration) -> io::Result<ExitStatus> {
        if let Some(output) = self.handle.wait_timeout(limit)? {
            return Ok(output.status);
        }
        self.stop(Stop::Timeout);
        self.handle.wait().map(|output| output.status)
    }

    /// Waits for at most `limit`; `None` if the child still runs.
    pub fn wait_briefly(&self, limit: Duration) -> Option<ExitStatus> {
        self.handle
            .wait_timeout(limit)
            .ok()
            .flatten()
            .map(|output| output.status)
    }

    /// Whether the last I/O is longer ago than `limit`.
    pub(crate) fn is_overdue(&self, limit: Duration) -> bool {
        self.deadline(limit)
            .is_some_and(|deadline| deadline <= Instant::now())
    }

    /// `None` for limits beyond the clock's range, which never expire.
    fn deadline(&self, limit: Duration) -> Option<Instant> {
        let since = match self.active.load(Ordering::Relaxed) {
            PAUSED => Instant::now(),
            active => self.started.checked_add(Duration::from_millis(active))?,
        };
        since.checked_add(limit)
    }
}

/// A child on the list; leaves it when dropped. If the child still runs then (its user panicked or failed early), it is
/// ended and waited for. The descendants of such a child are ended too.
#[derive(Debug)]
pub struct Running {
    child: Arc<Child>,
    logged: Option<Logged>,
}

impl Running {
    /// Logs its end.
    pub(crate) fn logged(mut self, logged: Option<Logged>) -> Self {
        self.logged = logged;
        self
    }

    /// The child.
    pub fn child(&self) -> &Arc<Child> {
        &self.child
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let child = &self.child;
        if !matches!(child.handle.try_wait(), Ok(Some(_))) {
            child.stop(Stop::Abandoned);
            let _ = child.handle.wait();
        }
        child.wait_for_ending();
        if let Some(logged) = &self.logged {
            let output = child.handle.try_wait().ok().flatten();
            logged.end(output.map(|output| output.status));
        }
        children()
            .running
            .retain(|other| !Arc::ptr_eq(other, child));
    }
}
