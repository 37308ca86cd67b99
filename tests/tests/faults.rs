//! An engine with faults: the right code, nothing registered, and no image reported that was not loaded.
//!
//! The stand-in passes everything on to the real engine, except the one call that a test spoils.

use std::time::{Duration, Instant};

use pipeline_tests::{Image, Outcome, Sandbox, engine};

/// An engine that runs `spoiled` for this subcommand, and passes the rest on.
fn faulty(s: &Sandbox, subcommand: &str, spoiled: &str) -> String {
    let text = format!(
        "engine='{}'\ncase \"$1\" in {subcommand}) {spoiled} ;; *) exec \"$engine\" \"$@\" ;; esac\n",
        engine().program()
    );
    s.script("faulty", &text).into_string()
}

/// Saves an image through an engine with a fault, and checks that nothing was saved.
fn save_fails(spoiled: &str, text: &str) -> Outcome {
    let s = Sandbox::new();
    let image = Image::new().random("data", 300_000).layer().build(&s, "a");
    let program = faulty(&s, "save", spoiled);
    let saved = s.run("imgsave", ["--engine", &program, &image]);
    saved.fails("imgsave", 5, text);
    assert!(!s.path("image-registry.yml").exists());
    assert!(
        s.files("images").iter().all(|path| !path.ends_with(".tar")),
        "{:?}",
        s.files("images")
    );
    saved
}

/// Loads an image through an engine with a fault, and checks that it is not reported.
fn load_fails(spoiled: &str, text: &str) -> Outcome {
    let s = Sandbox::new();
    let image = Image::new().build(&s, "a");
    s.run("imgsave", [&image]).ok();
    s.forget(&image);
    let before = s.read("image-registry.yml");
    let program = faulty(&s, "load", spoiled);
    let loaded = s.run(
        "imgload",
        ["--engine", &program, "--engine-timeout", "10s", &image],
    );
    assert_eq!(s.processes(), [""; 0]);
    loaded.fails("imgload", 5, text);
    assert_eq!(s.read("image-registry.yml"), before, "a use was counted");
    assert!(!engine().has(&image));
    loaded
}

#[test]
fn a_save_that_breaks_off_with_success() {
    save_fails("\"$engine\" \"$@\" | head -c 100000", "is truncated");
    save_fails(":", "contains no image");
}

#[test]
fn a_save_without_its_layers() {
    let lossy = "f=${0%/*}/saved; \"$engine\" \"$@\" > \"$f\"
        layer=$(tar -tvf \"$f\" | grep '^-' | sort -k 3,3n | tail -1 | sed 's/.* //')
        mkdir \"$f.d\" && tar -C \"$f.d\" -xf \"$f\" && rm \"$f.d/$layer\" && tar -C \"$f.d\" -cf - .";
    save_fails(lossy, "is missing");
}

#[test]
fn a_save_that_fails_after_all() {
    let saved = save_fails(
        "\"$engine\" \"$@\"; echo 'disk on fire' >&2; exit 9",
        "failed with exit status 9",
    );
    saved.stderr_has("disk on fire");
}

#[test]
fn a_load_that_did_nothing() {
    load_fails("cat > /dev/null; echo 'Loaded image: x:latest'", "");
    load_fails("cat > /dev/null", "");
}

#[test]
fn a_load_that_failed_with_success() {
    let loaded = load_fails(
        "cat > /dev/null; echo 'Error unpacking image x: no space left on device'",
        "",
    );
    loaded.stderr_has("Error unpacking image");
}

#[test]
fn an_engine_that_hangs() {
    let began = Instant::now();
    load_fails("sleep 300", "was aborted after 10 seconds without I/O");
    assert!(began.elapsed() < Duration::from_secs(60));
}

#[test]
fn an_engine_that_talks_without_end() {
    let loaded = load_fails(
        "cat > /dev/null; yes 'all is lost' | head -c 1000000000 >&2; exit 1",
        "failed with exit status 1",
    );
    loaded.stderr_has("all is lost");
    assert!(loaded.stderr.len() < 100_000, "{}", loaded.stderr.len());
}

#[test]
fn an_engine_that_answers_nonsense() {
    let s = Sandbox::new();
    let image = Image::new().build(&s, "a");
    for answer in [
        "echo '{\"Id\":'",
        "echo '[]'",
        "printf '\\377\\376\\n'",
        "echo '{\"Id\":\"x\"}'",
    ] {
        let program = faulty(&s, "image", answer);
        let saved = s.run("imgsave", ["--engine", &program, &image]);
        saved.fails("imgsave", 5, "");
        assert!(!s.path("image-registry.yml").exists());
    }
}

#[test]
fn an_engine_that_vanishes_between_two_calls() {
    let s = Sandbox::new();
    let image = Image::new().build(&s, "a");
    let program = faulty(&s, "image", "rm \"$0\"; exec \"$engine\" \"$@\"");
    let saved = s.run("imgsave", ["--engine", &program, &image]);
    saved.fails("imgsave", 5, "was not found");
    assert!(!s.path("image-registry.yml").exists());
}

/// Each command that is run is logged with its time and status, and without secrets.
#[test]
fn the_log_shows_each_command() {
    let s = Sandbox::new();
    let image = Image::new().build(&s, "a");
    s.run("imgsave", [&image]).ok();
    s.forget(&image);
    let program = engine().program();
    let loaded = s.run("imgload", ["-vv", &image]);
    loaded.ok().stdout(&format!("{}:latest\n", s.image("a")));
    let log: Vec<&str> = loaded.stderr.lines().collect();
    let has = |words: &str, end: &str| {
        let line = log
            .iter()
            .find(|line| line.contains(&format!(" {program} {words}")));
        assert!(
            line.is_some_and(|line| line.starts_with("imgload: ")
                && line.contains(end)
                && line.ends_with(" ms")),
            "{words}: {loaded}"
        );
    };
    has("image inspect", ": exit status: ");
    has("load", ": exit status: 0 after ");
    let by_variable = s
        .command("imgload")
        .arg(&image)
        .variable("IMG_LOG", "trace")
        .run();
    by_variable
        .ok()
        .stderr_has(&format!("start: {program} image inspect"));
    let silent = s.run("imgload", ["-v", &image]);
    silent.ok().stderr_lacks("exit status");
    let wrong = s
        .command("imgload")
        .arg(&image)
        .variable("IMG_LOG", "loud")
        .run();
    wrong.fails("imgload", 2, "IMG_LOG: unknown level `loud`");
}
