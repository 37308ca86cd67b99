//! Sixteen commands at once on one store, repeatedly: nothing is lost, nothing exists twice, nothing is made twice.
//!
//! `ROUNDS` sets how often.

use std::panic::resume_unwind;
use std::thread;

use pipeline_tests::{Image, Outcome, Sandbox, Tally, Watched};

/// The default number of rounds.
const ROUNDS: u32 = 4;

fn rounds() -> u32 {
    let said = std::env::var("ROUNDS").ok();
    said.and_then(|said| said.parse().ok()).unwrap_or(ROUNDS)
}

/// Runs lines of shell in parallel, each in its own shell.
fn at_once(s: &Sandbox, lines: &[String]) -> Vec<Outcome> {
    thread::scope(|scope| {
        let running: Vec<_> = lines
            .iter()
            .map(|line| scope.spawn(|| s.sh(line)))
            .collect();
        let ended = running.into_iter().map(|running| running.join());
        ended
            .map(|outcome| outcome.unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    })
}

/// A plan with another image in each round.
fn plan(s: &Sandbox, variant: &str, round: u32) {
    let name = s.image(variant);
    let text = format!("FROM scratch\nCOPY os-release /etc/os-release\nLABEL round={round}\n");
    s.write(&format!("images/{}/Dockerfile.{name}", s.project()), text);
    let base = r#""base_image":"scratch","build":{"context":"context"}"#;
    s.write(
        &format!("{variant}.json"),
        format!(r#"{{"name":"{name}",{base}}}"#),
    );
}

fn entries(s: &Sandbox) -> Vec<serde_json::Value> {
    s.run("imgls", ["--json", "--no-engine"]).ok().json()
}

#[test]
fn sixteen_commands_lose_nothing() {
    let s = Sandbox::new();
    let os_release = format!("ID=debian\nVERSION_ID=\"12\"\n# {}\n", s.project());
    s.write("context/os-release", os_release);
    let watched = Watched::new(&s);
    let builder = format!("imgbuild -q --engine '{}'", watched.program());
    let saved: Vec<String> = ["s1", "s2"]
        .into_iter()
        .map(|variant| Image::new().random("data", 200_000).build(&s, variant))
        .collect();
    let loaded = Image::new().build(&s, "loaded");
    s.run("imgsave", [&loaded]).ok();
    let (name, project) = (s.image("saved"), s.project());
    let mut tally =
        Tally::new("commands, sixteen at once, building, saving, loading, pruning and checking");
    for round in 0..rounds() {
        for variant in ["same", "one", "two", "three"] {
            plan(&s, variant, round);
        }
        watched.reset();
        let mut lines: Vec<String> = Vec::new();
        for variant in ["same", "same", "same", "same", "one", "two", "three"] {
            lines.push(format!("{builder} {variant}.json | imgload -q"));
        }
        for image in [&saved[0], &saved[1], &saved[0]] {
            // A printed archive can be loaded at once, even if another command replaces it.
            lines.push(format!("imgsave -q --name {name} {image} | imgload -q"));
        }
        lines.extend([(); 4].map(|()| format!("imgload -q {loaded}")));
        // Unused images are removed, and another command reads at the same time.
        lines.push(format!("imgprune -q --max-age 0 --keep '{project}-*'"));
        lines.push("imgls --check --no-engine".to_owned());
        assert_eq!(lines.len(), 16);
        for outcome in at_once(&s, &lines) {
            outcome.ok();
        }
        let builds = watched
            .calls()
            .iter()
            .filter(|call| call.starts_with("build"))
            .count();
        assert_eq!(builds, 4, "one a name: {:?}", watched.calls());
        let found = entries(&s);
        let mut names: Vec<_> = found
            .iter()
            .map(|entry| entry["name"].to_string())
            .collect();
        names.sort();
        names.dedup();
        assert_eq!((found.len(), names.len()), (6, 6), "{found:?}");
        let uses = found
            .iter()
            .find(|entry| entry["name"] == s.image("loaded"));
        let uses = uses.map(|entry| entry["usage_count"].clone());
        assert_eq!(uses, Some((4 * (round + 1)).into()), "an update was lost");
        s.run("imgls", ["--check", "--no-engine"]).ok();
        assert!(s.files("images/.imgpipe/unfinished").is_empty());
        tally.add(lines.len());
    }
}

#[test]
fn hand_edits_stay() {
    let s = Sandbox::new();
    let image = Image::new().build(&s, "a");
    s.run("imgsave", [&image]).ok();
    let mut tally = Tally::new("commands, sixteen at once, loading, while an editor writes");
    for round in 0..rounds() {
        let load = || format!("imgload -q {image}");
        let mut lines: Vec<String> = [(); 15].map(|()| load()).into();
        // `sed -i` takes no lock: it may undo uses that were counted meanwhile, but its own change stays.
        lines.insert(
            4,
            format!("sed -i '$a # by hand, {round}' image-registry.yml"),
        );
        for outcome in at_once(&s, &lines) {
            outcome.ok();
        }
        let registry = s.read("image-registry.yml");
        assert!(
            registry.contains(&format!("# by hand, {round}\n")),
            "{registry}"
        );
        assert_eq!(entries(&s).len(), 1);
        tally.add(lines.len());
    }
}
