//! Passes an archive to the reading process, and judges the result.

use std::fs::File;
use std::io::Write as _;
use std::process::Command;

/// The environment variables with the child's task, and the prefixes of its answers.
pub(crate) const ARCHIVE: &str = "HOSTILE_ARCHIVE";
pub(crate) const TAKE_IN: &str = "HOSTILE_TAKE_IN";
pub(crate) const ANSWER: &str = "answer: ";

/// The memory limit of the reading process, in KiB.
const MEMORY: u64 = 64 << 10;
/// The limit of CPU time, in hundredths of a second, without waiting: tests share the machine. It is generous, since
/// development builds are slow.
const TIME: u64 = 4_000;
/// The largest length of a message, in bytes.
const WORDS: usize = 2000;

/// The verdict on a valid archive.
pub(crate) const SOUND: &str = "sound";

/// Reads an archive in every way, and compares the result with `expected`: the start of the message after the path, or
/// [`SOUND`].
#[track_caller]
pub(crate) fn expect(expected: &str, bytes: &[u8]) {
    expect_written(expected, |file| file.write_all(bytes).expect("writes"));
    taken_in(bytes);
}

/// Like [`expect`] for an archive that is not held in memory, without the `save` path.
#[track_caller]
pub(crate) fn expect_written(expected: &str, write: impl FnOnce(&mut File)) {
    let found = judged(write, None);
    let found = found.strip_prefix("PATH: ").unwrap_or(&found);
    assert!(
        found.starts_with(expected),
        "found `{found}`, not `{expected}`"
    );
}

/// An engine's `save` has the same limits, for any expected result.
#[track_caller]
fn taken_in(bytes: &[u8]) {
    judged(
        |file| file.write_all(bytes).expect("writes"),
        Some((TAKE_IN, "1")),
    );
}

#[track_caller]
fn judged(write: impl FnOnce(&mut File), variable: Option<(&str, &str)>) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("hostile.tar");
    write(&mut File::create(&path).expect("a file"));
    let program = std::env::current_exe().expect("this program");
    let mut command = Command::new(program);
    command
        .args(["--exact", "child::child", "--nocapture"])
        .env(ARCHIVE, &path)
        .envs(variable)
        .current_dir(folder.path());
    let output = command.output().expect("starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let mut answers = said.lines().filter_map(|line| line.strip_prefix(ANSWER));
    let mut number = || answers.next()?.parse::<u64>().ok();
    let (peak, worked) = (number(), number());
    let (Some(peak), Some(worked), Some(words), true) =
        (peak, worked, answers.next(), output.status.success())
    else {
        let errors = String::from_utf8_lossy(&output.stderr);
        panic!("{}: {said}{errors}", output.status);
    };
    assert!(peak <= MEMORY, "{peak} KiB for {words}");
    assert!(
        worked <= TIME,
        "{worked} hundredths of a second for {words}"
    );
    let words: String = serde_json::from_str(words).expect("a text");
    assert!(!words.contains(char::is_control), "{words:?}");
    assert!(words.len() <= WORDS, "{} bytes", words.len());
    words
}
