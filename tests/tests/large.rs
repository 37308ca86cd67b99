//! Images too large for memory: a command's memory does not grow with them.
//!
//! `LARGE` sets the megabytes of the larger image, which is compared with one of a tenth of the size. With `LARGE`,
//! only compressed archives are made: the layer is repetitive, so they are small.

#![expect(
    clippy::print_stderr,
    clippy::expect_used,
    reason = "a test says what it measures, and panics where something is wrong"
)]

use std::io::{self, Read};
use std::process::{Command, Stdio};

use pipeline_tests::{Sandbox, Tally, engine, seed};

/// The default size of the larger image in megabytes.
const LARGE: u64 = 300;
/// The most memory of a command for any image, in bytes.
const LIMIT: u64 = 64 << 20;
/// How much more it may need for an image ten times as large: threads and their buffers come and go.
const SLACK: u64 = 8 << 20;

/// The length of the repeated block, in bytes, and of the unique noise at its start.
const BLOCK: usize = 1 << 20;
const NOISE: usize = BLOCK / 16;

/// Bytes that compress to a sixteenth.
struct Content {
    left: u64,
    state: u64,
    block: Vec<u8>,
    at: usize,
}

impl Content {
    fn new(length: u64) -> Self {
        Self {
            left: length,
            state: seed() | 1,
            block: vec![0; BLOCK],
            at: BLOCK,
        }
    }

    /// Other noise (xorshift64).
    fn renew(&mut self) {
        for word in self.block[..NOISE].chunks_exact_mut(8) {
            self.state ^= self.state << 13;
            self.state ^= self.state >> 7;
            self.state ^= self.state << 17;
            word.copy_from_slice(&self.state.to_le_bytes());
        }
        self.at = 0;
    }
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == BLOCK {
            self.renew();
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
        let length = buffer.len().min(most).min(BLOCK - self.at);
        buffer[..length].copy_from_slice(&self.block[self.at..][..length]);
        self.at += length;
        self.left -= length as u64;
        Ok(length)
    }
}

/// Makes an image of one layer in the engine, from a stream without a file.
fn import(s: &Sandbox, variant: &str, megabytes: u64) -> String {
    let reference = format!("{}:latest", s.image(variant));
    let label = format!("LABEL imgpipe.test={}", s.project());
    let mut child = Command::new(engine().program())
        .args(["import", "--change", &label, "-", &reference])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the engine's program starts");
    let mut tar = tar::Builder::new(child.stdin.take().expect("a pipe"));
    let os_release = "ID=debian\nVERSION_ID=\"12\"\n";
    let mut add = |path: &str, length: u64, content: &mut dyn Read| {
        let mut header = tar::Header::new_gnu();
        header.set_size(length);
        header.set_mode(0o644);
        let added = tar.append_data(&mut header, path, content);
        added.expect("the engine reads the layer");
    };
    let length = os_release.len() as u64;
    add("etc/os-release", length, &mut os_release.as_bytes());
    let length = megabytes * 1_000_000;
    add("data", length, &mut Content::new(length));
    drop(tar.into_inner().expect("the layer is whole"));
    assert!(child.wait().expect("the engine ends").success());
    reference
}

/// The peak memory of each command in bytes, for an image of this size.
fn peaks(variant: &str, megabytes: u64, forms: &[&str], tally: &mut Tally) -> Vec<(String, u64)> {
    let s = Sandbox::new();
    let image = import(&s, variant, megabytes);
    let mut peaks = Vec::new();
    let mut measure = |what: String, words: &[&str]| {
        let (program, words) = words.split_first().expect("a command");
        let (outcome, peak) = s.command(program).args(words).launch().peak();
        outcome.ok();
        assert!(peak > 0, "{what} was too short to be seen");
        eprintln!("{what}, {megabytes} MB: {} KiB", peak / 1024);
        peaks.push((what, peak));
        tally.add(1);
    };
    for form in forms {
        let save = ["imgsave", "--compress", form, &image];
        measure(format!("imgsave --compress {form}"), &save);
        s.forget(&image);
        measure(
            format!("imgload of {form}"),
            &["imgload", "--no-lease", &image],
        );
        let check = ["imgls", "--check", "--no-engine"];
        measure(format!("imgls --check of {form}"), &check);
    }
    s.forget(&image);
    measure("imgprune".to_owned(), &["imgprune", "--max-size", "0"]);
    assert!(s.files("images").iter().all(|path| !path.ends_with(".tar")));
    peaks
}

#[test]
fn memory_does_not_grow_with_an_image() {
    let said = std::env::var("LARGE").ok();
    let said: Option<u64> = said.and_then(|said| said.parse().ok());
    let large = said.unwrap_or(LARGE);
    let forms: &[&str] = match said {
        Some(_) => &["zstd"],
        None => &["none", "zstd"],
    };
    let mut tally = Tally::new(format!(
        "commands on images of up to {large} MB, in constant memory"
    ));
    let small = peaks("small", large.min(LARGE) / 10, forms, &mut tally);
    let large = peaks("large", large, forms, &mut tally);
    for ((what, small), (_, large)) in small.iter().zip(&large) {
        assert!(*large < LIMIT, "{what} takes {large} bytes");
        assert!(
            *large < small + SLACK,
            "{what} takes {small}, and then {large} bytes"
        );
    }
}
