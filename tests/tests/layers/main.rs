//! `imgload`: it sends only the missing layers, each once.

#![expect(clippy::expect_used, reason = "in tests, and in what they share")]

mod damage;
mod known;
mod lacking;
mod progress;
mod several;

use std::collections::BTreeMap;

use camino::Utf8Path;
use pipeline_tests::{Image, Outcome, Sandbox, Watched, engine};

/// Content that is only in the lowest layer, to be found in its archives.
const MARK: &str = "a line of the base and of nothing else";

/// The size of the base, much larger than the images on it.
const BASE: u64 = 2_000_000;

/// More than the layers of a few images on a base together.
const LITTLE: u64 = 100_000;

/// Content of the topmost layer of an image of a [`family`].
fn top_mark(variant: &str) -> String {
    format!("a line of {variant} on its base")
}

/// Puts an image into the store.
fn store(s: &Sandbox, reference: &str) {
    s.run("imgsave", [reference]).ok();
}

/// A base and images on it, in the store and not in the engine. Returns their references, the base's first.
fn family(s: &Sandbox, variants: &[&str]) -> Vec<String> {
    let size = usize::try_from(BASE).expect("a small number");
    let base = Image::new()
        .busybox()
        .random("data", size)
        .file("base-mark", MARK)
        .build(s, "base");
    let mut references = vec![base];
    for variant in variants {
        let top = Image::on(&references[0]).file("top-mark", top_mark(variant));
        references.push(top.build(s, variant));
    }
    references.iter().for_each(|image| store(s, image));
    references.iter().rev().for_each(|image| s.forget(image));
    // imgbuild's `base` key, which engines with a containerd store need.
    let mut registry = s.read("image-registry.yml");
    for top in &references[1..] {
        let tag = format!("docker_tag: {top}\n");
        let based = format!("{tag}    base: {}\n", s.image("base"));
        registry = registry.replace(&tag, &based);
    }
    s.write("image-registry.yml", registry);
    references
}

/// Images without a common layer, in the store and not in the engine.
fn strangers(s: &Sandbox, variants: &[&str]) -> Vec<String> {
    let image = |variant: &&str| {
        let reference = Image::new().file("base-mark", MARK).build(s, variant);
        store(s, &reference);
        s.forget(&reference);
        reference
    };
    variants.iter().map(image).collect()
}

fn load<'a>(
    s: &Sandbox,
    engine: &Watched,
    words: impl IntoIterator<Item = impl AsRef<str> + 'a>,
) -> Outcome {
    let command = s.command("imgload").args(["--engine", engine.program()]);
    command.args(words).run()
}

fn archives(s: &Sandbox, variants: &[&str]) -> Vec<String> {
    variants.iter().map(|variant| s.archive(variant)).collect()
}

fn lines(references: &[&String]) -> String {
    references.iter().map(|line| format!("{line}\n")).collect()
}

/// The members of a tar and their lengths.
fn members(s: &Sandbox, path: &Utf8Path) -> BTreeMap<String, u64> {
    let listed = s.run("tar", ["--list", "--verbose", "--file", path.as_str()]);
    let member = |line: &str| {
        let words: Vec<_> = line.split_whitespace().collect();
        let length = words.get(2)?.parse().ok()?;
        Some(((*words.last()?).to_owned(), length))
    };
    listed.ok().stdout.lines().filter_map(member).collect()
}

/// The members with the layers of an image of the store, lowest first.
fn blobs(s: &Sandbox, variant: &str) -> Vec<String> {
    let archive = archive::Archive::open(&s.path(s.archive(variant))).expect("an archive");
    let layers = archive.images()[0].layers.iter();
    let blobs = layers.map(|layer| layer.blob.expect("a manifest names it"));
    blobs.map(samples::blob_name).collect()
}

fn run(reference: &str, words: &[&str]) -> Option<String> {
    let start = ["run", "--rm", "--network", "none", reference];
    engine().read(&[&start[..], words].concat())
}
