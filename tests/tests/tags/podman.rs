//! Only podman has two names for one tag, and leaves archives in its temporary folder.

use pipeline_tests::{Image, Sandbox, Whom, engine};
use rustix::process::Signal;

#[test]
fn a_tag_is_set_under_the_full_name_and_removed_under_both() {
    if !engine().is_podman() {
        return;
    }
    let s = Sandbox::new();
    let image = Image::new().build(&s, "a");
    s.run("imgsave", [&image]).ok();
    s.forget(&image);
    s.run("imgload", ["--no-lease", &s.image("a")])
        .ok()
        .stdout(&format!("{image}\n"));
    let full = format!("docker.io/library/{image}");
    let local = format!("localhost/{image}");
    assert!(engine().has(&full) && !engine().has(&local));
    // Another image under the name that hides the other.
    let hiding = Image::new().build(&s, "b");
    let tagged = engine().read(&["tag", &hiding, &local]);
    assert!(tagged.is_some() && engine().id(&local) != engine().id(&full));
    s.run("imgload", ["--no-lease", &s.image("a")]).ok();
    assert_eq!(engine().id(&local), engine().id(&full));
    s.run("imgprune", ["--rmi", &s.image("a")]).ok();
    assert!(!engine().has(&full) && !engine().has(&local));
}

#[test]
fn nothing_is_left_in_the_temporary_folder() {
    if !engine().is_podman() {
        return;
    }
    let s = Sandbox::new();
    let image = Image::new()
        .random("data", 60_000_000)
        .file("mark", "a line to be found")
        .build(&s, "a");
    s.write("tmp/own", "");
    let tmp = s.path("tmp");
    let command = |program: &str| s.command(program).variable("TMPDIR", tmp.as_str());
    // An interrupted `podman images` leaves a few bytes.
    let is_spool = |path: &String| {
        let length = s.path(path).metadata().map_or(0, |file| file.len());
        length > 10_000 || path.contains("/imgpipe-podman-")
    };
    let left = || -> Vec<String> { s.files("tmp").into_iter().filter(is_spool).collect() };
    command("imgsave").arg(&image).run().ok();
    assert_eq!(left(), [""; 0]);
    s.forget(&image);
    let (stored, other) = (s.image("a"), s.image("b"));
    let load = vec![stored.as_str()];
    let save = vec!["--name", &other, &image];
    for (program, words) in [("imgload", load), ("imgsave", save)] {
        for signal in [Signal::INT, Signal::TERM] {
            for whom in [Whom::Alone, Whom::Group] {
                let running = command(program).args(&words).launch();
                running.wait_until(program, |_| !left().is_empty());
                drop(running.end_by(signal, whom));
                assert_eq!(left(), [""; 0], "{program} {signal:?} {whom:?}");
            }
        }
        command("imgload").arg(s.image("a")).run().ok();
    }
    s.forget(&image);
    // Killed: the next call removes its files.
    let killed = command("imgload").arg(s.image("a"));
    drop(killed.run_until_killed(std::time::Duration::from_millis(700)));
    s.flip(&s.archive("a"), "a line to be found");
    let damaged = command("imgload").arg(s.image("a")).run();
    damaged.fails("imgload", 4, "damaged");
    assert_eq!(left(), [""; 0], "{damaged}");
}

/// podman 4.3 loads compressed layers that it cannot save.
#[test]
fn a_zstd_archive_can_be_saved_again() {
    let s = Sandbox::new();
    let image = Image::new().build(&s, "a");
    s.run("imgsave", ["--compress", "zstd", &image]).ok();
    let id = engine().id(&image);
    s.forget(&image);
    s.run("imgload", [&s.image("a")]).ok();
    engine().save(&[&image], &s.path("again.tar"));
    s.run("imgsave", ["--name", &s.image("b"), &image]).ok();
    assert_eq!(engine().id(&image), id);
}
