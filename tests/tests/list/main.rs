//! `imgls`: its output, its checks, and its pins.

#![expect(clippy::expect_used, reason = "in tests, and in what they share")]

mod check;
mod pin;
mod show;

use pipeline_tests::{Image, Outcome, Sandbox, engine};

/// Content that is only in the base, to be found in its archive.
const MARK: &str = "a line of the base and of nothing else";

/// The size of the base, much larger than the images on it.
const BASE: u64 = 300_000;

const POINTER: &str = "version https://git-lfs.github.com/spec/v1\n\
    oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";

/// The fields of a line.
struct Line {
    name: String,
    path: String,
    size: String,
    shared: String,
    last_used: String,
    uses: String,
    loaded: String,
    leased: String,
    pinned: String,
    state: String,
}

fn lines(outcome: &Outcome) -> Vec<Line> {
    let line = |line: &str| {
        assert_eq!(line.split('\t').count(), 10, "{outcome}");
        let mut fields = line.split('\t').map(str::to_owned);
        let mut next = || fields.next().unwrap_or_default();
        Line {
            name: next(),
            path: next(),
            size: next(),
            shared: next(),
            last_used: next(),
            uses: next(),
            loaded: next(),
            leased: next(),
            pinned: next(),
            state: next(),
        }
    };
    outcome.stdout.lines().map(line).collect()
}

/// The name without its common part, and the state, of each line.
fn states<'a>(s: &Sandbox, lines: &'a [Line]) -> Vec<(&'a str, &'a str)> {
    let common = s.image("");
    let short = |line: &'a Line| line.name.strip_prefix(&common).unwrap_or(&line.name);
    lines
        .iter()
        .map(|line| (short(line), line.state.as_str()))
        .collect()
}

/// A base in the store and in the engine.
fn base(s: &Sandbox) -> String {
    let image = Image::new()
        .random("data", usize::try_from(BASE).expect("a small number"))
        .file("base-mark", MARK);
    let reference = image.build(s, "base");
    s.run("imgsave", [&reference]).ok();
    reference
}

/// An image on it, saved with these flags.
fn on(s: &Sandbox, base: &str, variant: &str, flags: &[&str]) -> String {
    let reference = Image::on(base).build(s, variant);
    s.command("imgsave").args(flags).arg(&reference).run().ok();
    reference
}
