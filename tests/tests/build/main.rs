//! `imgbuild`: from a plan to an archive, once, and without traces after a failure.

mod again;
mod base;
mod buildkit;
mod cache;
mod explain;
mod features;
mod file;
mod foreign;
mod inside;
mod itself;
mod jobs;
mod look;
mod misspelt;
mod outdated;
mod passing;
mod requested;
mod result;
mod stale;
mod steps;

use pipeline_tests::{Image, Sandbox, engine, sees_emulators};

/// A store with a base that runs, but is not in the engine, and a plan for the image `tool` on it.
fn with_base(s: &Sandbox) -> String {
    let base = Image::new().busybox().build(s, "base");
    s.run("imgsave", [&base]).ok();
    s.forget(&base);
    let (name, path) = (s.image("tool"), s.archive("base"));
    format!(r#"{{"name":"{name}","needs_build":true,"best_base_image_path":"{path}"}}"#)
}

/// Writes the build file of the image `tool`.
fn recipe(s: &Sandbox, steps: &str) {
    let path = format!("images/{}/Dockerfile.{}", s.project(), s.image("tool"));
    s.write(
        &path,
        format!("ARG BASE_IMAGE\nFROM $BASE_IMAGE\n{steps}\n"),
    );
}

fn build(s: &Sandbox, plan: &str) -> pipeline_tests::Outcome {
    s.command("imgbuild").input(plan).run()
}

/// The state that a failed build must not change.
fn traces(s: &Sandbox) -> (String, Vec<String>, Vec<String>) {
    let strays = engine().images_of(&s.image("tool"));
    // Locks, leases and notes of images outlive a build.
    let is_kept = |path: &String| {
        let kept = ["/locks/", "/leases/", "/leftovers.json"];
        kept.iter().any(|part| path.contains(part))
    };
    let mut files = s.files("images");
    files.retain(|path| !is_kept(path));
    (s.read("image-registry.yml"), files, strays)
}
