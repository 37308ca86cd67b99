//! Test programs, several at a time.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use camino::Utf8PathBuf;

use crate::Error;
use crate::cmd::Cmd;

/// A program to run.
#[derive(Debug)]
pub(crate) struct Run {
    /// Its headline.
    pub(crate) title: String,
    /// Whether programs beside it would falsify its results.
    pub(crate) is_timed: bool,
    pub(crate) command: Cmd,
    /// The file for its output.
    pub(crate) log: Utf8PathBuf,
}

/// Runs all of them in this order, some at a time, and prints the output of each when it ends. If one fails, the others still
/// run.
///
/// # Errors
/// If one fails or can't be started, and after a signal.
pub(crate) fn run(runs: Vec<Run>, at_a_time: usize) -> Result<(), Error> {
    let waiting = Mutex::new(VecDeque::from(runs));
    let failed = Mutex::new(Vec::new());
    let printing = Mutex::new(());
    let next = || lock(&waiting).pop_front();
    let work = || -> Result<(), Error> {
        while let Some(run) = next() {
            let began = Instant::now();
            let succeeded = run.command.succeeds_into(&run.log)?;
            let output = std::fs::read(&run.log).map_err(Error::io(&run.log))?;
            let _printing = lock(&printing);
            let time = began.elapsed().as_secs_f64();
            eprintln!("\n--> {} ({time:.1} s)", run.title);
            println!("{}", String::from_utf8_lossy(&output).trim());
            if !succeeded {
                lock(&failed).push(run.title);
            }
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..at_a_time).map(|_| scope.spawn(work)).collect();
        let ended = workers.into_iter().map(|worker| {
            let panicked = |panic| std::panic::resume_unwind(panic);
            worker.join().unwrap_or_else(panicked)
        });
        // Waits for each, also after a failure.
        ended.fold(Ok(()), Result::and)
    })?;
    match lock(&failed).as_slice() {
        [] => Ok(()),
        failed => Err(Error::Wrong(format!("failed: {}", failed.join(", ")))),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use camino::Utf8Path;

    use super::*;
    use crate::cmd::{cmd, sh};

    #[test]
    fn all_run_and_what_failed_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        let run_of = |title: &str, script: &str| Run {
            title: title.into(),
            is_timed: false,
            command: sh(script).folder(folder),
            log: folder.join(format!("{title}.log")),
        };
        let runs = vec![
            run_of("bad", "echo no; exit 3"),
            run_of("a", "sleep 0.1; echo yes >a"),
            run_of("worse", "exit 4"),
            run_of("b", "echo yes >b"),
        ];
        let error = run(runs, 2).unwrap_err().to_string();
        assert!(error.contains("bad") && error.contains("worse"), "{error}");
        assert!(!error.contains(", a") && !error.contains(", b"), "{error}");
        for (name, text) in [("a", "yes\n"), ("b", "yes\n"), ("bad.log", "no\n")] {
            assert_eq!(std::fs::read_to_string(folder.join(name)).unwrap(), text);
        }
        let missing = vec![Run {
            command: cmd("/no/such/program"),
            ..run_of("missing", "")
        }];
        assert!(run(missing, 2).is_err());
    }
}
