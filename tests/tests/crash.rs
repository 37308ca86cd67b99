//! Commands that are killed at any moment, with all that they have started: what is registered is whole, nothing stays
//! locked, and the next run needs no help.
//!
//! `KILLS` says how often each command is killed; what it takes is in proportion.

use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant};

use pipeline_tests::{Image, Invocation, Sandbox, engine};

/// How often each command is killed where nobody says.
const KILLS: u32 = 75;

fn kills() -> u32 {
    let said = std::env::var("KILLS").ok();
    said.and_then(|said| said.parse().ok()).unwrap_or(KILLS)
}

/// Kills a command again and again, at moments that are spread over what it usually takes and a little more. `prepare`
/// makes its work new before each, and `check` looks at what is left.
fn kill_often(
    s: &Sandbox,
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
    let mut killed = 0;
    let mut round = 3;
    while killed < kills() {
        prepare(round);
        round += 1;
        let share = RandomState::new().hash_one(round) % 1000;
        let after = usual.mul_f64(f64::from(u32::try_from(share).unwrap_or(0)) / 900.0);
        match command().run_until_killed(after) {
            None => killed += 1,
            Some(outcome) => drop(outcome.ok()),
        }
        whole(s);
        check();
    }
    // The next writer, or this, leaves nothing of those that died.
    s.run("imgprune", ["--orphans", "--no-engine"]).code(0);
    assert!(s.files("images/.imgpipe/unfinished").is_empty());
    assert!(round >= kills());
}

/// Every registered archive is there and complete, to the last byte.
fn whole(s: &Sandbox) {
    if s.path("image-registry.yml").exists() {
        s.run("imgls", ["--check", "--no-engine", "--jobs", "1"])
            .ok();
    }
}

/// No lock is left: whoever needs one has it at once.
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
    // Another image each time, in the place of the last.
    kill_often(&s, &save, &|_| next.set(next.get() + 1), &|| {});
    save().run().ok();
}

#[test]
fn building() {
    let s = Sandbox::new();
    // Of its own: another build's cache of the same step may go at any time.
    s.write(
        "os-release",
        format!("ID=debian\nVERSION_ID=\"12\"\n# {}\n", s.project()),
    );
    s.write(
        "Dockerfile",
        "FROM scratch\nCOPY os-release /etc/os-release\nCOPY data /data\n",
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
    kill_often(
        &s,
        &build,
        &|round| drop(s.write("data", format!("{round}"))),
        &|| {},
    );
    let built = build().run();
    built.ok().stdout(&format!("{}\n", s.archive("built")));
    s.run("imgload", [&name]).ok();
    // What killed builds leave in the engine are tags of their own; nobody ever asks for them.
    let left = engine().read(&[
        "images",
        "--format",
        "{{.Repository}}:{{.Tag}}",
        &format!("imgpipe-build/{name}"),
    ]);
    for tag in left.unwrap_or_default().lines() {
        engine().read(&["rmi", tag]);
    }
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
    kill_often(&s, &load, &forget, &|| {
        // Whatever has the tag is the whole image.
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
        // A hundred entries with archives of their own.
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
    kill_often(&s, &prune, &more, &|| {
        let missing = s.run("imgprune", ["--no-engine", "--missing", "--dry-run"]);
        missing.ok().stdout("");
    });
}
