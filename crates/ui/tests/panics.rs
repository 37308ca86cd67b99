//! A panic ends a command with one line and code 1. This program runs itself as a child, because a process can panic
//! only once.

#![expect(clippy::panic, clippy::unwrap_used, reason = "that is what is tested")]

use std::process::{Command, ExitCode, Stdio};
use std::sync::{Condvar, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use failure::Failure;
use ui::{Common, Context, Flags, Hooks};

/// Far more than it takes.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug, Parser)]
struct Cli {
    case: String,
    #[command(flatten)]
    common: Common,
}

impl Flags for Cli {
    const PROGRAM: &'static str = "imgtest";

    fn common(&self) -> &Common {
        &self.common
    }
}

fn work(cli: &Cli, context: &mut Context) -> Result<(), Failure> {
    match cli.case.as_str() {
        "main" => panic!("on purpose"),
        "worker" => {
            // The sender stays, so the receiver waits forever.
            let (_sender, receiver) = mpsc::channel::<()>();
            thread::spawn(|| panic!("on purpose"));
            let _ = receiver.recv();
        }
        "condition" => {
            let (state, changed) = (Mutex::new(()), Condvar::new());
            thread::scope(|scope| {
                scope.spawn(|| panic!("on purpose"));
                drop(changed.wait(state.lock().unwrap()).unwrap());
            });
        }
        "unheard" => {
            let worker = thread::spawn(|| panic!("on purpose"));
            drop(worker.join());
        }
        "in order" => {
            let work = |number: usize| assert!(number != 3, "on purpose");
            return ui::in_order(9, 3, work, |()| Ok(()));
        }
        "on the screen" => {
            let reporter = context.reporter.clone();
            reporter.aside(|| panic!("on purpose"));
        }
        "twice" => {
            thread::scope(|scope| {
                scope.spawn(|| panic!("on purpose"));
                scope.spawn(|| panic!("on purpose"));
            });
        }
        "kept going" => {
            let items = [Ok(1), Ok(2)];
            return context.each(items, |_, _| panic!("on purpose"));
        }
        case => return Err(Failure::usage(format!("no case `{case}`"))),
    }
    Ok(())
}

const CASES: [&str; 8] = [
    "main",
    "worker",
    "condition",
    "unheard",
    "in order",
    "on the screen",
    "twice",
    "kept going",
];

fn check(case: &str) {
    let mut child = Command::new(std::env::current_exe().unwrap());
    let child = child
        .args([case, "--keep-going"])
        .env("RUST_BACKTRACE", "1");
    let mut child = child.stderr(Stdio::piped()).spawn().unwrap();
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if began.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("{case}: it hangs");
        }
        thread::sleep(Duration::from_millis(10));
    }
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{case}: {said}");
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), 2, "{case}: {said}");
    assert!(
        lines[0].starts_with("imgtest: internal error at "),
        "{case}: {said}"
    );
    assert!(lines[0].ends_with(": on purpose"), "{case}: {said}");
    assert!(
        lines[1].starts_with("hint: this is a bug"),
        "{case}: {said}"
    );
}

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    if words
        .next()
        .is_some_and(|word| CASES.contains(&word.as_str()))
    {
        return ui::run(Hooks::NONE, |cli, context| work(&cli, context));
    }
    CASES.into_iter().for_each(check);
    ExitCode::SUCCESS
}
