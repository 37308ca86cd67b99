//! Full and nearly full disks.

use pipeline_tests::SmallDisk;

use super::*;

#[test]
fn a_full_disk_can_be_pruned() {
    let s = Sandbox::new();
    let image = Image::new().random("data", 1_000_000).build(&s, "a");
    let small = SmallDisk::new(&s, "3m");
    small.command("imgsave").arg(&image).run().ok();
    small.fill();
    let pruned = small.command("imgprune").args(["--max-size", "0"]).run();
    pruned.ok().stdout(&paths(&s, &["a"]));
    drop(small);
}

#[test]
fn too_little_room_is_said_before_a_byte_is_written() {
    let s = Sandbox::new();
    let images: Vec<String> = ["a", "b", "c"]
        .into_iter()
        .map(|variant| Image::new().random("data", 1_500_000).build(&s, variant))
        .collect();
    let small = SmallDisk::new(&s, "4500k");
    let save = |words: &[&str]| small.command("imgsave").args(words).run();
    save(&[&images[0]]).ok();
    save(&["--make-room", &images[1]])
        .ok()
        .stderr_lacks("removed");
    let full = save(&[&images[2]]);
    full.fails("imgsave", 6, "the store has only")
        .stderr_has("--make-room");
    full.stderr_lacks("saving");
    assert!(s.files("small/images/.imgpipe/unfinished").is_empty());
    // The leased image stays, and the other is removed.
    let load = ["--run", "7", "--no-record", &images[0]];
    small.command("imgload").args(load).run().ok();
    let made = save(&["--make-room", &images[2]]);
    made.ok()
        .stderr_has(&format!("{}: removed to make room", s.image("b")));
    assert_eq!(
        s.files("small/images")
            .into_iter()
            .filter(|path| path.ends_with(".tar"))
            .count(),
        2
    );
    // If the room cannot be made, nothing is removed.
    let huge = Image::new().random("data", 6_000_000).build(&s, "e");
    save(&["--make-room", &huge])
        .fails("imgsave", 6, "(required: ")
        .stderr_lacks("removed");
    // No image can be removed any more.
    let again = Image::new().random("data", 1_500_000).build(&s, "d");
    let load = ["--run", "7", "--no-record", &images[2]];
    small.command("imgload").args(load).run().ok();
    save(&["--make-room", &again]).fails("imgsave", 6, "held back by ");
    drop(small);
}

/// A project's folder may be a mount. There the archive needs room, and images there make it.
#[test]
fn room_is_where_the_archive_is_going_to_be() {
    let s = Sandbox::new();
    let image = |variant: &str| Image::new().random("data", 1_500_000).build(&s, variant);
    // The oldest image is on the disk of the registry, and stays.
    let other = image("other");
    let elsewhere = format!("other-debian-12-{}", s.project());
    s.run("imgsave", ["--name", &elsewhere, &other]).ok();
    let [a, b, c] = ["a", "b", "c"].map(image);
    let folder = format!("images/{}", s.project());
    let small = SmallDisk::at(&s, &folder, "4500k");
    for image in [&a, &b] {
        s.run("imgsave", [image]).ok();
    }
    s.run("imgsave", [&c])
        .fails("imgsave", 6, "the store has only");
    // Before the name is known, too.
    let called = ["--project", s.project(), "--variant", "c", &c];
    s.run("imgsave", called)
        .fails("imgsave", 6, "the store has only");
    let unfinished = format!("{folder}/.imgpipe/unfinished");
    assert_eq!(s.files(&unfinished), [""; 0]);
    let made = s.command("imgsave").arg("--make-room").args(called).run();
    made.ok()
        .stderr_has(&format!("{}: removed to make room", s.image("a")));
    assert_eq!(made.stderr.matches("removed").count(), 1, "{made}");
    // The limit applies to each disk with archives.
    let words = ["--no-engine", "--min-free", "2MB"];
    let pruned = s.run("imgprune", words);
    pruned.ok().stdout(&paths(&s, &["b"]));
    let words = ["--no-engine", "--min-free", "4700kB", "--keep", "*-c"];
    let unmet = s.run("imgprune", words);
    unmet.fails("imgprune", 6, "only ").stderr_has(&folder);
    s.run("imgls", ["--no-engine", &elsewhere]).ok();
    drop(small);
}
