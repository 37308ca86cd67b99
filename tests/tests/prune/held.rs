//! Images that are in use, pinned, or a base stay.

use std::fs::File;

use super::*;

#[test]
fn what_is_held_stays_and_is_said() {
    let s = Sandbox::without_engine();
    three(&s);
    let registry = s.read("image-registry.yml");
    let pinned = registry.replacen("x86_64, ", "x86_64, pinned: true, ", 1);
    s.write("image-registry.yml", pinned);
    // One is being read, another is being made.
    let read = File::open(s.path(s.archive("a"))).unwrap();
    read.lock_shared().unwrap();
    let lock = format!("images/.imgpipe/locks/{}.lock", s.image("b"));
    let making = File::open(s.write(&lock, "")).unwrap();
    making.lock().unwrap();
    let held = prune(&s, ["--max-size", "0", "-v"]);
    held.fails("imgprune", 6, "held back by ");
    held.stderr_has(&format!("{} (pinned)", s.image("c")));
    held.stderr_has(&format!(
        "{}: kept: in use by another command",
        s.image("a")
    ));
    assert_eq!(there(&s), ["a", "b", "c"]);
    drop((read, making));
    prune(&s, ["--max-size", "0"])
        .code(6)
        .stdout(&paths(&s, &["a", "b"]));
    assert_eq!(there(&s), ["c"]);
}

#[test]
fn a_base_stays_as_long_as_something_stands_on_it() {
    let s = Sandbox::without_engine();
    let base = s.image("base");
    let thin = format!("thin: true, base: {base}, created: 2025-06-01T00:00:00Z");
    stored(
        &s,
        &[
            ("base", 500, "created: 2024-01-01T00:00:00Z"),
            ("top", 10, &thin),
        ],
    );
    let kept = prune(&s, ["--max-size", "100kB", "--keep", "*-top", "-v"]);
    kept.fails("imgprune", 6, "held back by ");
    kept.stderr_has(&format!("{base}: kept: base of {}", s.image("top")));
    // The last thin archive frees its base, and is removed before it.
    prune(&s, ["--max-size", "100kB"])
        .ok()
        .stdout(&paths(&s, &["top", "base"]));
}

#[test]
fn a_run_keeps_its_images_until_it_is_released() {
    let s = Sandbox::new();
    saved(&s, "a");
    s.run("imgload", ["--run", "run 7", &s.image("a")]).ok();
    let held = s.run("imgprune", ["--max-size", "0"]);
    held.fails(
        "imgprune",
        6,
        &format!("{} (leased by run run 7)", s.image("a")),
    );
    // Ending leases needs neither limits nor an engine, but the store.
    let release = ["--engine", "/nowhere/docker", "--release", "8"];
    s.run("imgprune", release)
        .ok()
        .stderr_has("run 8 has no leases");
    // Limits of the config apply afterwards; images leased by another run stay.
    s.write(".localci.yml", "images: {cleanup: {max_size_gb: 0}}");
    s.run("imgprune", ["--release", "8"]).code(6);
    s.run("imgprune", ["--max-size", "0"]).code(6);
    // `--lease 0s` expires the six hours at once.
    s.run("imgprune", ["--max-size", "0", "-n", "--lease", "0s"])
        .ok();
    s.run("imgprune", ["-n", "--release", "run 7", "--max-size", "0"])
        .ok()
        .stdout(&paths(&s, &["a"]));
    s.run("imgprune", ["--release", "run 7"])
        .ok()
        .stdout(&paths(&s, &["a"]));
    assert!(s.files("images/.imgpipe/leases").is_empty());
}

#[test]
fn the_end_of_a_job_leaves_its_neighbours_alone() {
    let s = Sandbox::new();
    saved(&s, "a");
    let github = [("GITHUB_RUN_ID", "7"), ("GITHUB_JOB", "test")];
    let jenkins = [("BUILD_TAG", "jenkins-x-7"), ("NODE_NAME", "n")];
    for (run, own, others) in [
        (github, "RUNNER_TRACKING_ID", ["github_1", "github_2"]),
        (github, "GITHUB_RUN_ATTEMPT", ["1", "2"]),
        (github, "RUNNER_NAME", ["r1", "r2"]),
        (jenkins, "EXECUTOR_NUMBER", ["0", "1"]),
        ([("X", ""), ("Y", "")], "CI_JOB_ID", ["1", "2"]),
    ] {
        let command = |program: &str, job: &str| {
            let command = s.command(program).variable(own, job);
            run.iter().fold(command, |command, (name, value)| {
                command.variable(name, *value)
            })
        };
        for job in others {
            command("imgload", job).arg(s.image("a")).run().ok();
        }
        command("imgprune", others[0])
            .arg("--release")
            .run()
            .ok()
            .stderr_has(": 1 released");
        let held = s.run("imgprune", ["--max-size", "0"]);
        held.code(6)
            .stderr_has(&format!("{} (leased by run ", s.image("a")));
        command("imgprune", others[1])
            .arg("--release")
            .run()
            .ok()
            .stderr_has(": 1 released");
        assert!(s.files("images/.imgpipe/leases").is_empty(), "{own}");
    }
    // Outside CI, the job is the shell's.
    let line = format!("imgload {} && imgprune --release", s.image("a"));
    s.sh(&line).ok().stderr_has(": 1 released");
    s.run("imgprune", ["--release="])
        .fails("imgprune", 2, "1 to 1024 bytes");
}

#[test]
fn a_process_keeps_its_images_until_it_ends() {
    let s = Sandbox::new();
    let reference = saved(&s, "a");
    let line = format!("imgload {reference} && imgprune --max-size 0");
    s.sh(&line).code(6).stderr_has("(leased by process ");
    // A subshell of `$(…)` counts as the shell.
    let line = format!("image=$(echo {reference} | imgload) && imgprune --max-size 0");
    s.sh(&line).code(6).stderr_has("(leased by process ");
    // A lease that cannot be read may be on any image.
    let damaged = s.write("images/.imgpipe/leases/x.json", "{");
    s.run("imgprune", ["--max-size", "0", "-v"])
        .code(6)
        .stdout("")
        .stderr_has("x.json: cannot read this lease: ")
        .stderr_has("hint: it may hold any image; remove the file")
        .stderr_has("possibly leased: a lease cannot be read");
    s.run("imgprune", [&s.image("a")]).code(6).stdout("");
    let listed = s.run("imgls", ["--no-engine"]);
    let said = "x.json: cannot read this lease: ";
    listed.ok().stderr_has("imgls: warning: ").stderr_has(said);
    assert!(listed.stdout.contains(&s.image("a")), "{listed}");
    s.run("imgload", [&reference, "--no-lease"]).ok();
    std::fs::remove_file(damaged).unwrap();
    // That shell is gone, and this process has loaded nothing.
    let line = format!("imgload --no-lease {reference} && imgprune --max-size 0");
    s.sh(&line).ok();
    assert!(there(&s).is_empty());
    assert!(s.files("images/.imgpipe/leases").is_empty());
}

#[test]
fn an_image_with_a_container_stays() {
    let s = Sandbox::new();
    let image = Image::new().busybox().build(&s, "a");
    s.run("imgsave", [&image]).ok();
    let container = engine().read(&["create", &image, "/bin/true"]);
    let container = container.expect("a container").trim().to_owned();
    let held = s.run("imgprune", ["--max-size", "0", "--rmi"]);
    engine().read(&["rm", &container]).expect("removed");
    held.fails(
        "imgprune",
        6,
        &format!("used by container {}", &container[..12]),
    );
    assert!(engine().has(&image));
    let gone = s.run("imgprune", ["--max-size", "0", "--rmi", "--json"]);
    assert_eq!(gone.ok().json()[0]["untagged"], true);
    assert!(!engine().has(&image) && there(&s).is_empty());
}

#[test]
fn an_engine_that_does_not_answer_is_no_leave_to_remove() {
    let s = Sandbox::without_engine();
    three(&s);
    let words = ["--max-size", "0", "--engine", "/nowhere/docker"];
    s.run("imgprune", words)
        .fails("imgprune", 5, "was not found")
        .stderr_has("--no-engine");
    assert_eq!(there(&s), ["a", "b", "c"]);
}

#[test]
fn who_holds_an_image_is_listed() {
    let s = Sandbox::new();
    saved(&s, "a");
    s.run("imgload", ["--run", "7", &s.image("a")]).ok();
    let listed = s.run("imgls", ["--json"]);
    assert_eq!(listed.ok().json()[0]["leased"][0], "run 7");
    s.run("imgls", ["--pin", &s.image("a")]).ok();
    let held = s.run("imgprune", ["--release", "7", "--max-size", "0"]);
    held.code(6).stderr_has("(pinned)");
}
