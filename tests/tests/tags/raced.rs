//! Rivals of a load, and leftovers of a killed load.

use std::time::{Duration, Instant};

use pipeline_tests::{Image, Sandbox, Watched, engine};
use samples::Dice;

use super::{Layout, image, write};

/// How long an engine may continue with a stream.
const SOON: Duration = Duration::from_secs(20);

#[test]
fn a_tag_that_is_taken_meanwhile_stays() {
    let s = Sandbox::new();
    let mut dice = Dice::new(pipeline_tests::seed() + 3);
    let (mine, other) = (image(&s, &mut dice, 100), image(&s, &mut dice, 100));
    let tag = format!("{}-r:1", s.project());
    let names = std::slice::from_ref(&tag);
    write(&s, "mine.tar", &mine, Layout::Docker, names);
    write(&s, "other.tar", &other, Layout::Docker, names);
    let program = engine().program();
    let rival = format!("pass \"$@\"; {program} load -q -i other.tar >/dev/null");
    let raced = Watched::spoiled(&s, &rival);
    s.run("imgload", ["--engine", raced.program(), "mine.tar"])
        .fails("imgload", 1, "another image tagged");
    // podman names images of such an archive `localhost/…`, and finds them by the short name.
    assert_eq!(engine().id(&tag), Some(other.image_id().to_string()));
    // The image without a tag is removed.
    assert_eq!(dangling(&s), [""; 0]);
}

#[test]
fn an_image_that_is_removed_before_its_tag_is_sent_again() {
    let s = Sandbox::new();
    let mine = image(&s, &mut Dice::new(pipeline_tests::seed() + 4), 100);
    let tag = format!("{}-r:1", s.project());
    write(
        &s,
        "mine.tar",
        &mine,
        Layout::Docker,
        std::slice::from_ref(&tag),
    );
    s.write("gone", "");
    let text = format!(
        "engine='{}'\nif [ \"$1\" = tag ] && rm gone 2>/dev/null; then \"$engine\" rmi \"$3\" >/dev/null; fi\nexec \"$engine\" \"$@\"\n",
        engine().program()
    );
    let lossy = s.script("lossy", &text);
    s.run("imgload", ["--engine", lossy.as_str(), "mine.tar"])
        .ok()
        .stdout(&format!("{tag}\n"));
    assert!(!s.path("gone").exists(), "it was removed once");
    assert_eq!(engine().id(&tag), Some(mine.image_id().to_string()));
}

/// An engine that finishes a load after its client was killed, like graph drivers.
#[test]
fn what_a_killed_load_leaves_is_removed_by_the_next_pruning() {
    // podman has no server: it ends with its client.
    if engine().is_podman() {
        return;
    }
    let s = Sandbox::new();
    let image = Image::new().build(&s, "a");
    s.run("imgsave", [&image]).ok();
    s.forget(&image);
    let before = dangling(&s);
    let late = "setsid sh -c ': >\"$2\"; sleep 2; exec \"$0\" load <\"$1\"' \"$engine\" \"$fed\" \"$calls/late\" >/dev/null 2>&1 &\nexec sleep 60";
    let watched = Watched::spoiled(&s, late);
    let load = s
        .command("imgload")
        .args(["--no-lease", "--engine", watched.program()]);
    let running = load.arg(s.image("a")).launch();
    running.wait_until("the image is sent", |_| s.path("watched/late").exists());
    // It is killed.
    drop(running);
    let began = Instant::now();
    while dangling(&s) == before {
        assert!(began.elapsed() < SOON, "the engine finishes the load");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(!engine().has(&image), "it has no tag");
    s.run(
        "imgprune",
        ["--rmi", "--max-age", "1000d", "--engine", watched.program()],
    )
    .ok();
    assert_eq!(dangling(&s), before);
    s.run("imgload", [s.image("a")]).ok();
    assert!(engine().has(&image));
}

/// The images of the sandbox without a name.
fn dangling(s: &Sandbox) -> Vec<String> {
    let label = format!("label=imgpipe.test={}", s.project());
    let words = ["-q", "--filter", "dangling=true", "--filter", &label];
    let lines = engine().images(&words);
    lines.lines().map(str::to_owned).collect()
}
