//! Damaged archives, read, verified and composed as imgload does. Each is refused with one line, or the composed stream
//! matches its digests. Child processes read them, each with 64 MiB.
//!
//! `MUTANTS` sets their number, `MUTANTS_FROM` the first one's seed: 0, or with `MUTANTS` one from `SEED`.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test may end where it fails, and a child answers on its standard output"
)]

use std::fs;
use std::process::Command;

use pipeline_tests::{Tally, seed};
use probes::{Verdict, read};
use samples::Mutant;

/// The default number.
const MUTANTS: u64 = 2000;
/// How many one process reads.
const BATCH: u64 = 500;
/// Its memory limit, in KiB.
const MEMORY: u64 = 64 << 10;

/// The variable with a child's mutants.
const CHILD: &str = "MUTANTS_CHILD";

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn no_mutant_is_accepted_that_is_not_what_its_digests_say() {
    let said = number("MUTANTS");
    let from = number("MUTANTS_FROM").unwrap_or_else(|| said.map_or(0, |_| seed() << 20));
    let all = said.unwrap_or(MUTANTS);
    let mut tally = Tally::new("damaged archives, read");
    let program = std::env::current_exe().expect("this program");
    let (mut accepted, mut peak) = (0, 0);
    for start in (from..from + all).step_by(usize::try_from(BATCH).expect("a small number")) {
        let end = (start + BATCH).min(from + all);
        let mut command = Command::new(&program);
        command.args(["--exact", "child", "--nocapture"]);
        let output = command.env(CHILD, format!("{start}-{end}")).output();
        let output = output.expect("starts");
        let said = String::from_utf8_lossy(&output.stdout);
        let answer = |what: &str| {
            said.lines()
                .rev()
                .find_map(|line| line.strip_prefix(what)?.parse::<u64>().ok())
        };
        let (Some(good), Some(memory), true) = (
            answer("accepted "),
            answer("memory "),
            output.status.success(),
        ) else {
            let errors = String::from_utf8_lossy(&output.stderr);
            panic!(
                "{} with seed {:?}:\n{errors}",
                output.status,
                answer("seed ")
            );
        };
        assert!(memory <= MEMORY, "{memory} KiB for seeds {start} to {end}");
        accepted += good;
        tally.add(usize::try_from(end - start).expect("a small number"));
        peak = peak.max(memory);
    }
    eprintln!("{all} mutants: {accepted} are sound, the others were refused; at most {peak} KiB");
    // Most archives are damaged, but not all.
    assert!(
        accepted >= all / 50 && accepted <= all / 2,
        "{accepted} of {all}"
    );
}

/// Does nothing unless the test above starts it.
#[test]
fn child() {
    let Ok(seeds) = std::env::var(CHILD) else {
        return;
    };
    let (start, end) = seeds.split_once('-').expect("seeds");
    let seed = |text: &str| text.parse::<u64>().expect("a number");
    let mut accepted = 0;
    for seed in seed(start)..seed(end) {
        println!("\nseed {seed}");
        let mutant = Mutant::new(seed);
        if let Verdict::Accepted(ids) = read(&mutant.bytes, mutant.base.as_deref()) {
            assert!(!ids.is_empty());
            accepted += 1;
        }
    }
    println!("\naccepted {accepted}\nmemory {}", peak());
}

/// The peak memory of this process, in KiB (proc(5), `VmHWM`).
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("proc");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).expect("KiB")
}
