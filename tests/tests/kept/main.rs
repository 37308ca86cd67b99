//! No layer is ever lost: chains of bases have no cycles, and a base is replaced only if its thin archives keep their
//! layers. A conversion changes nothing but the form.

#![expect(
    clippy::expect_used,
    reason = "a test reports what is wrong by panicking"
)]

mod cycles;
mod forms;
mod pruned;
mod replaced;
mod sequences;

use pipeline_tests::remote::{debian, image, layer, save};
use pipeline_tests::{Outcome, Sandbox};
use samples::TestImage;

/// The size of a base's layer, much larger than the images on it.
const BASE: usize = 100_000;

/// Larger than a thin archive.
const LITTLE: usize = 60_000;

/// A store without an engine: a base, `middle` thin on it, and `top` thin on that.
struct Chain {
    s: Sandbox,
    base: TestImage,
    middle: TestImage,
}

impl Chain {
    fn new() -> Self {
        let s = Sandbox::without_engine();
        let base = image(vec![debian(BASE)]);
        let middle = on(&base);
        let chain = Self { s, base, middle };
        chain.save("base", &chain.base, &[]);
        chain.save("middle", &chain.middle, &["--thin", "base"]);
        chain.save("top", &on(&chain.middle), &["--thin", "middle"]);
        chain
    }

    /// Saves an image; `["--thin", VARIANT]` names the base.
    fn save(&self, variant: &str, image: &TestImage, flags: &[&str]) {
        let base = self.s.image(flags.get(1).unwrap_or(&""));
        let flags: &[&str] = match flags {
            [] => &[],
            _ => &["--thin", "--base", &base],
        };
        save(&self.s, image, &self.s.image(variant), flags);
    }

    /// Tries to save another image under a name.
    fn replace(&self, variant: &str, image: &TestImage, flags: &[&str]) -> Outcome {
        let s = &self.s;
        s.write("own.tar", image.classic());
        let command = s.command("imgsave").args(["--name", &s.image(variant)]);
        command.args(flags).arg("own.tar").run()
    }

    fn state(&self) -> Vec<(String, Vec<u8>)> {
        state(&self.s)
    }
}

/// The bytes of all archives and the registry.
fn state(s: &Sandbox) -> Vec<(String, Vec<u8>)> {
    let is_own = |file: &str| file == "image-registry.yml" || file.starts_with("images/");
    let files = s.files("").into_iter();
    let files = files.filter(|file| is_own(file) && !file.contains("/.imgpipe/"));
    files
        .map(|file| (file.clone(), s.read_bytes(&file)))
        .collect()
}

/// An image with a small own layer on the layers of another.
fn on(base: &TestImage) -> TestImage {
    let mut layers = base.layers.clone();
    layers.push(layer("own", 5000));
    image(layers)
}

/// Another image of the same layers.
fn alike(base: &TestImage) -> TestImage {
    let mut image = base.clone();
    let config = String::from_utf8_lossy(&image.config).replace("A=b", "A=another");
    image.config = config.into_bytes();
    image
}

/// Every registered image is readable from the store alone.
fn whole(s: &Sandbox) {
    s.run("imgls", ["--check", "--no-engine", "--jobs", "1"])
        .ok();
}

/// Removes the entry of a variant, as a person might; its archive stays.
fn forget_entry(s: &Sandbox, variant: &str) {
    let text = s.read("image-registry.yml");
    let start = text.find(&format!("  - name: {}\n", s.image(variant)));
    let start = start.expect("it is registered");
    let end = text[start + 1..].find("  - name: ");
    let end = end.map_or(text.len(), |end| end + start + 1);
    s.write(
        "image-registry.yml",
        format!("{}{}", &text[..start], &text[end..]),
    );
}

/// Renames an entry, as a person might.
fn rename(s: &Sandbox, variant: &str, new: &str, moves_archive: bool, drops_ids: bool) {
    let (old, name) = (s.image(variant), s.image(new));
    let text = s.read("image-registry.yml");
    let mut text = text.replace(&format!("- name: {old}\n"), &format!("- name: {name}\n"));
    if moves_archive {
        let (from, to) = (s.archive(variant), s.archive(new));
        s.sh(&format!("mv '{from}' '{to}'")).ok();
        text = text.replace(&format!("file: {from}\n"), &format!("file: {to}\n"));
    }
    if drops_ids {
        let is_id = |line: &&str| !line.trim_start().starts_with("image_id:");
        let lines = text.lines().filter(is_id);
        text = lines.flat_map(|line| [line, "\n"]).collect();
    }
    s.write("image-registry.yml", text);
}
