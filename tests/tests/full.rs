//! Stores that cannot be written: full disks, read-only disks, and foreign files in the way. The old state stays.

use pipeline_tests::{Image, Sandbox, SmallDisk, engine};

/// A store on a small disk with one saved image, and its registry's text.
fn with_one<'a>(s: &'a Sandbox, size: &str) -> (SmallDisk<'a>, String) {
    let small = SmallDisk::new(s, size);
    let image = Image::new().random("data", 1_000_000).build(s, "old");
    small.command("imgsave").arg(&image).run().ok();
    (small, image)
}

fn registry(s: &Sandbox) -> String {
    s.read("small/image-registry.yml")
}

/// No temporary files are left.
fn clean(s: &Sandbox) {
    assert!(s.files("small/images/.imgpipe/unfinished").is_empty());
    assert!(!s.path("small/.image-registry.yml.unfinished").exists());
}

#[test]
fn a_save_that_runs_out_of_room_on_the_way() {
    let s = Sandbox::new();
    let (small, old) = with_one(&s, "3m");
    let before = registry(&s);
    // Half of it would fit, but it does not compress.
    let image = Image::new().random("data", 2_500_000).build(&s, "new");
    let save = ["--compress", "zstd", "--name", &s.image("old"), &image];
    let saved = small.command("imgsave").args(save).run();
    saved.fails("imgsave", 6, "No space left on device");
    assert_eq!(registry(&s), before);
    clean(&s);
    s.forget(&old);
    small.command("imgload").arg(s.image("old")).run().ok();
}

#[test]
fn a_project_on_a_mount_of_its_own() {
    let s = Sandbox::new();
    let folder = format!("images/{}", s.project());
    let _disk = SmallDisk::at(&s, &folder, "10m");
    let staging = format!("{folder}/.imgpipe/unfinished");
    let first = Image::new().random("data", 1_000_000).build(&s, "a");
    s.run("imgsave", [&first])
        .ok()
        .stdout(&(s.archive("a") + "\n"));
    assert!(s.path(&staging).exists(), "it was written beside its place");
    // Replaced, and an archive whose name is known only from its contents.
    let again = Image::new().random("data", 1_000_000).build(&s, "a");
    s.run("imgsave", [&again]).ok();
    let file = s.path("foreign.tar");
    engine().save(&[&again], &file);
    s.run("imgsave", ["--name", &s.image("b"), "foreign.tar"])
        .ok();
    s.run("imgls", ["--check"]).ok();
    assert!(s.files(&staging).is_empty() && s.files("images/.imgpipe/unfinished").is_empty());
    // The free space counts on the disk of the archive.
    let large = Image::new().random("data", 12_000_000).build(&s, "large");
    let refused = s.run("imgsave", [&large]);
    refused.fails("imgsave", 6, "the store has only");
    // A killed writer's file there is found.
    let left = format!("{staging}/1-0-0000000a.tar");
    s.write(&left, "half");
    s.run("imgprune", ["--no-engine", "--orphans"])
        .ok()
        .stdout(&(left.clone() + "\n"));
    assert!(!s.path(&left).exists());
    s.run("imgcat", [&s.image("a"), "data"]).ok();
}

#[test]
fn a_build_without_room_for_its_archive() {
    let s = Sandbox::new();
    let (small, base) = with_one(&s, "3m");
    s.write(
        "small/Dockerfile",
        format!("FROM {base}\nLABEL built=yes\n"),
    );
    s.write("small/data", vec![b'x'; 1_200_000]);
    let name = s.image("built");
    let plan = format!(r#"{{"name":"{name}","build":{{"dockerfile":"Dockerfile"}}}}"#);
    let (before, images) = (registry(&s), engine().images_of(s.project()));
    let built = small.command("imgbuild").input(plan).run();
    built.fails("imgbuild", 6, "the store has only");
    assert_eq!(registry(&s), before);
    assert_eq!(engine().images_of(s.project()), images);
    clean(&s);
}

#[test]
fn a_registry_that_does_not_fit_any_more() {
    let s = Sandbox::new();
    let (small, image) = with_one(&s, "3m");
    let before = registry(&s);
    s.sh("rm small/images/.imgpipe/reserve").ok();
    small.fill();
    s.forget(&image);
    // The image is loaded, and the failed write is reported.
    let loaded = small.command("imgload").arg(&image).run();
    loaded.code(6).stderr_has("No space left on device");
    assert_eq!(registry(&s), before);
    clean(&s);
    small
        .command("imgls")
        .args(["--check", "--no-engine"])
        .run()
        .ok();
}

#[test]
fn a_store_that_is_only_read() {
    let s = Sandbox::new();
    let (small, image) = with_one(&s, "8m");
    let before = registry(&s);
    let other = Image::new().build(&s, "other");
    small.seal();
    s.forget(&image);
    let loaded = small.command("imgload").arg(&image).run();
    loaded.ok().stderr_has("cannot count this use");
    small
        .command("imgsave")
        .arg(&other)
        .run()
        .fails("imgsave", 1, "Read-only file system")
        .stderr_has("hint: the store is read-only; ");
    let pinned = small.command("imgls").arg("--pin").arg(&image).run();
    pinned
        .fails("imgls", 1, "Read-only file system")
        .stderr_has("hint: the store is read-only; ");
    let pruned = small
        .command("imgprune")
        .args(["--max-size", "0", "--no-engine"])
        .run();
    pruned
        .fails("imgprune", 1, "Read-only file system")
        .stderr_has("hint: the store is read-only; ");
    assert_eq!(registry(&s), before);
}

#[test]
fn something_else_where_images_should_be() {
    let s = Sandbox::new();
    let image = Image::new().build(&s, "a");
    s.write("file/images", "a file");
    let saved = s.command("imgsave").folder("file").arg(&image).run();
    saved.fails("imgsave", 1, "images");
    s.sh("mkdir link elsewhere && ln -s ../elsewhere link/images")
        .ok();
    let saved = s.command("imgsave").folder("link").arg(&image).run();
    saved.fails("imgsave", 3, "leads out of the registry's folder");
    assert!(s.files("elsewhere").is_empty());
}
