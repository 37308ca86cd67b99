//! The reading process: this program again, with one test.

use std::io;
use std::sync::Arc;

use archive::compose::{Choice, Reads, compose, length, manifest_digest};
use archive::{Archive, Draft, Error, Options, RootFs, Stack};
use camino::Utf8Path;
use rustix::process::{Resource, Rlimit, setrlimit};

use crate::judge::{ANSWER, ARCHIVE, TAKE_IN};

/// The files that an inventory reads.
const FILES: [&str; 2] = ["etc/os-release", "var/lib/dpkg/status"];
const LIMIT: u64 = 1 << 20;

/// Does nothing unless [`crate::judge`] starts it.
#[test]
fn child() {
    let Ok(path) = std::env::var(ARCHIVE) else {
        return;
    };
    let read = match std::env::var_os(TAKE_IN) {
        None => {
            // A signal kills the process if it writes nevertheless.
            let nothing = Rlimit {
                current: Some(0),
                maximum: Some(0),
            };
            setrlimit(Resource::Fsize, nothing).expect("a limit");
            read(Utf8Path::new(&path))
        }
        Some(_) => take_in(Utf8Path::new(&path)),
    };
    let words = match &read {
        Ok(()) => "sound".to_owned(),
        Err(error) => error.to_string().replace(&path, "PATH"),
    };
    let words = serde_json::Value::String(words);
    println!(
        "\n{ANSWER}{}\n{ANSWER}{}\n{ANSWER}{words}",
        peak(),
        worked()
    );
}

/// Opens an archive, and then verifies, lists and composes it, each even if an earlier step failed. The first error is
/// the result.
fn read(path: &Utf8Path) -> Result<(), Error> {
    let archive = Arc::new(Archive::open(path)?);
    for index in 0..archive.images().len() {
        let stack = Stack::new(archive.clone(), index).expect("an image");
        manifest_digest(stack.image());
        stack.image().stored_size();
        let verified = archive.verify(stack.image());
        let listed = list(&stack);
        let choice = Choice {
            stack: &stack,
            tags: &stack.image().tags,
            present: 0,
        };
        length(&[choice]);
        let composed = compose(&[choice], Reads::All, &mut io::sink());
        assert!(verified.is_err() || composed.is_ok() || stack.lacks().is_some());
        verified.and(listed).and(composed.map(drop))?;
    }
    Ok(())
}

fn list(stack: &Stack) -> Result<(), Error> {
    let files = RootFs::keeping(stack.clone(), &|name| FILES.contains(&name))?;
    let mut files = FILES.iter().map(|file| files.read(file, LIMIT).map(drop));
    files.try_for_each(|read| read)
}

/// As if an engine had saved it.
fn take_in(path: &Utf8Path) -> Result<(), Error> {
    let input = std::fs::File::open(path).expect("opens");
    let mut out = tempfile::tempfile().expect("a file");
    let what = "PATH";
    let keep = &|name: &str| FILES.contains(&name);
    let draft = Draft::from_stream(input, &mut out, what, &Options::default(), keep)?;
    draft.seal(&mut out, &[]).map(drop)
}

/// The CPU time of this process, in hundredths of a second (proc(5), `utime` and `stime`).
fn worked() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("proc");
    // After the program's name, which is in brackets.
    let (_, fields) = stat.rsplit_once(')').expect("fields");
    let times = fields.split_whitespace().skip(11).take(2);
    times.map(|time| time.parse::<u64>().expect("ticks")).sum()
}

/// The peak memory of this process, in KiB (proc(5), `VmHWM`).
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("proc");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).expect("KiB")
}
