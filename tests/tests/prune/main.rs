//! `imgprune`: removed images, remaining images, and the reasons.

mod beside;
mod config;
mod files;
mod held;
mod limits;
mod named;
mod room;

use pipeline_tests::{Image, Outcome, Sandbox, engine};

/// A store without an engine: entries with archives of so many kilobytes, and with these extra keys.
fn stored(s: &Sandbox, images: &[(&str, usize, &str)]) {
    let mut registry = String::from("version: 1.0\n# kept by people\nimages:\n");
    for (variant, kilobytes, keys) in images {
        let (name, file) = (s.image(variant), s.archive(variant));
        s.write(&file, vec![b'x'; kilobytes * 1000]);
        registry.push_str(&format!(
            "  - {{name: {name}, file: {file}, docker_tag: '{name}:latest', os: 'debian:12', architecture: x86_64, {keys}}}  # {variant}\n"
        ));
    }
    s.write("image-registry.yml", registry);
}

/// Three images, the first used least recently.
fn three(s: &Sandbox) {
    let used = |day| format!("created: 2024-01-01T00:00:00Z, last_used: 2025-01-0{day}T00:00:00Z");
    stored(
        s,
        &[
            ("c", 300, &used(3)),
            ("a", 100, &used(1)),
            ("b", 200, &used(2)),
        ],
    );
}

fn prune<'a>(s: &Sandbox, words: impl IntoIterator<Item = &'a str>) -> Outcome {
    s.run("imgprune", ["--no-engine"].into_iter().chain(words))
}

/// The paths of these images' archives, one a line.
fn paths(s: &Sandbox, variants: &[&str]) -> String {
    variants
        .iter()
        .map(|variant| s.archive(variant) + "\n")
        .collect()
}

fn there(s: &Sandbox) -> Vec<String> {
    let registry = s.read("image-registry.yml");
    let is_there = |variant: &&str| {
        let (name, file) = (s.image(variant), s.path(s.archive(variant)));
        let registered = registry.contains(&format!("{name},"));
        assert_eq!(registered, file.exists(), "{name} in\n{registry}");
        registered
    };
    let there = ["a", "b", "c", "base", "top"].into_iter().filter(is_there);
    there.map(str::to_owned).collect()
}

/// An image in the engine and the store that was never loaded.
fn saved(s: &Sandbox, variant: &str) -> String {
    let reference = Image::new().build(s, variant);
    s.run("imgsave", [&reference]).ok();
    reference
}
