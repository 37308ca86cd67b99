//! Compressed archives, and thin ones, which omit the layers of their base.

mod build;
mod compressed;
mod config;
mod load;
mod save;

use pipeline_tests::{Image, Outcome, Sandbox, Watched, engine};

/// Content that is only in the base, to be found in its archives.
const MARK: &str = "a line of the base and of nothing else";

/// The size of the base, much larger than the images on it.
const BASE: usize = 1_000_000;

/// More than the layers of a few images on a base together.
const LITTLE: u64 = 100_000;

/// A large image in the engine.
fn large(s: &Sandbox, variant: &str) -> String {
    let image = Image::new().random("data", BASE).file("base-mark", MARK);
    image.build(s, variant)
}

/// Saves an image without the layers of another.
fn save_thin(s: &Sandbox, base: &str, reference: &str) -> Outcome {
    s.run(
        "imgsave",
        ["--json", "--thin", "--base", &s.image(base), reference],
    )
}

/// A registered base and a thin image on it, in the store and not in the engine. Returns their references.
fn thin_on_base(s: &Sandbox) -> [String; 2] {
    let base = large(s, "base");
    s.run("imgsave", [&base]).ok();
    let top = Image::on(&base).build(s, "top");
    save_thin(s, "base", &top).ok();
    let images = [base, top];
    s.forget_all(&images);
    images
}

/// The lines of an image's entry.
fn entry(s: &Sandbox, variant: &str) -> String {
    let registry = s.read("image-registry.yml");
    let name = format!("{}\n", s.image(variant));
    let mut entries = registry.split("- name: ");
    let entry = entries.find(|entry| entry.starts_with(&name));
    entry
        .unwrap_or_else(|| panic!("no {name} in\n{registry}"))
        .to_owned()
}

/// Whether the engine itself loads a file.
fn engine_loads(s: &Sandbox, path: &str) -> bool {
    let path = s.path(path);
    engine().read(&["load", "--input", path.as_str()]).is_some()
}
