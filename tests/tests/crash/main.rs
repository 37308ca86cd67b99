//! Commands that are killed at any moment, with their descendants: registered images are complete, nothing stays
//! locked, and the next run needs no help.
//!
//! `KILLS` sets how often each command is killed; the duration is proportional. `SEED` repeats the moments of a run.

#![expect(
    clippy::expect_used,
    reason = "a test reports what is wrong by panicking"
)]

mod fetching;
mod publishing;

use std::time::{Duration, Instant};

use pipeline_tests::remote::on_the_way;
use pipeline_tests::{Image, Invocation, Sandbox, Tally, engine, share};

/// The default number of kills of each command.
const KILLS: u32 = 60;
/// How long the descendants of a killed command may take to die.
const DEATH: Duration = Duration::from_secs(10);

fn kills() -> u32 {
    let said = std::env::var("KILLS").ok();
    said.and_then(|said| said.parse().ok()).unwrap_or(KILLS)
}

/// Kills a command repeatedly, at moments spread over its usual duration and a little more. `prepare` sets up each run,
/// and `check` checks the result.
fn kill_often(
    s: &Sandbox,
    program: &str,
    command: &dyn Fn() -> Invocation,
    prepare: &dyn Fn(u32),
    check: &dyn Fn(),
) {
    let mut usual = Duration::ZERO;
    for round in 0..3 {
        prepare(round);
        let began = Instant::now();
        command().run().ok();
        usual = usual.max(began.elapsed());
        check();
    }
    let mut tally = Tally::new(format!("kills of {program}"));
    let mut killed = 0;
    let mut round = 3;
    while killed < kills() {
        prepare(round);
        round += 1;
        let after = usual.mul_f64(share(round) * 1.1);
        let ended = command().run_until_killed(after);
        whole(s);
        check();
        match ended {
            None => {
                killed += 1;
                tally.add(1);
            }
            Some(outcome) => drop(outcome.ok()),
        }
    }
    // This removes all leftovers except transfers with a remote registry, which stay for an hour so that they can be
    // resumed. On a busy machine, descendants die a moment after their command.
    let waits = |path: &String| path.starts_with("images/.imgpipe/transfers/");
    let died = Instant::now();
    loop {
        if s.path("image-registry.yml").exists() {
            s.run("imgprune", ["--orphans", "--no-engine"]).code(0);
        }
        if on_the_way(s).iter().all(waits) {
            break;
        }
        assert!(died.elapsed() < DEATH, "{:?}", on_the_way(s));
        std::thread::sleep(Duration::from_millis(100));
    }
    for _ in 0..2 {
        prepare(round);
        round += 1;
        command().run().ok();
    }
    assert_eq!(on_the_way(s), [""; 0]);
    assert!(round >= kills());
}

/// Every registered archive exists and is complete.
fn whole(s: &Sandbox) {
    if s.path("image-registry.yml").exists() {
        s.run("imgls", ["--check", "--no-engine", "--jobs", "1"])
            .ok();
    }
}

/// No lock is left: the next command gets each at once.
fn unlocked(s: &Sandbox, program: &str) -> Invocation {
    s.command(program).args(["--lock-timeout", "1s"])
}

#[test]
fn saving() {
    let s = Sandbox::new();
    let images: Vec<String> = ["a", "b"]
        .into_iter()
        .map(|variant| Image::new().random("data", 2_000_000).build(&s, variant))
        .collect();
    let name = s.image("saved");
    let next = std::cell::Cell::new(0);
    let save = || {
        let image = &images[next.get() % images.len()];
        unlocked(&s, "imgsave").args(["--name", &name, image])
    };
    // Another image each time, replacing the last one.
    kill_often(&s, "imgsave", &save, &|_| next.set(next.get() + 1), &|| {});
    save().run().ok();
}

#[test]
fn building() {
    let s = Sandbox::new();
    // A unique step: another build's cache of the same step may disappear.
    s.write(
        "os-release",
        format!("ID=debian\nVERSION_ID=\"12\"\n# {}\n", s.project()),
    );
    s.write(
        "Dockerfile",
        format!(
            "FROM scratch\nLABEL imgpipe.test={}\nCOPY os-release /etc/os-release\nCOPY data /data\n",
            s.project()
        ),
    );
    let name = s.image("built");
    s.write(
        "plan.json",
        format!(
            "{{\"name\":\"{name}\",\"build\":{{\"dockerfile\":\"Dockerfile\",\"context\":\".\"}}}}"
        ),
    );
    s.write(
        ".dockerignore",
        "images\nimage-registry.yml\n.image-registry*\n",
    );
    let build = || unlocked(&s, "imgbuild").arg("plan.json");
    let prepare = |round| {
        // A thousand unused steps would slow an engine down.
        s.sweep();
        s.write("data", format!("{round}"));
    };
    kill_often(&s, "imgbuild", &build, &prepare, &|| {});
    let built = build().run();
    built.ok().stdout(&format!("{}\n", s.archive("built")));
    s.run("imgload", [&name]).ok();
    s.sweep();
}

#[test]
fn loading() {
    let s = Sandbox::new();
    let image = Image::new().random("data", 2_000_000).build(&s, "a");
    s.run("imgsave", [&image]).ok();
    let id = engine().id(&image);
    let forget = |_| {
        if engine().has(&image) {
            s.forget(&image);
        }
    };
    let load = || unlocked(&s, "imgload").arg(&image);
    kill_often(&s, "imgload", &load, &forget, &|| {
        // The tag, if present, points to the complete image.
        assert!(!engine().has(&image) || engine().id(&image) == id);
    });
    load().run().ok();
    assert_eq!(engine().id(&image), id);
}

#[test]
fn pruning() {
    let s = Sandbox::new();
    let image = Image::new().build(&s, "a");
    s.run("imgsave", [&image]).ok();
    let (registry, archive) = (s.read("image-registry.yml"), s.read_bytes(&s.archive("a")));
    let more = |round: u32| {
        // A hundred entries with their own archives.
        let (head, entry) = registry.split_at(registry.find("  - ").unwrap_or_default());
        let mut text = head.to_owned();
        for number in 0..100 {
            let own = format!("{}-{number}", s.image("a"));
            text.push_str(&entry.replace(&s.image("a"), &own));
            s.write(&s.archive("a").replace(&s.image("a"), &own), &archive);
        }
        s.write("image-registry.yml", format!("{text}# {round}\n"));
    };
    let prune = || unlocked(&s, "imgprune").args(["--max-size", "50kB", "--no-engine"]);
    kill_often(&s, "imgprune", &prune, &more, &|| {
        let missing = s.run("imgprune", ["--no-engine", "--missing", "--dry-run"]);
        missing.ok().stdout("");
    });
}
