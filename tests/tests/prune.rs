//! `imgprune`: what goes, what stays and why.

use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use pipeline_tests::{Image, Outcome, Sandbox, SmallDisk, engine};

/// A store without an engine: entries with archives of so many kilobytes, and more of their keys.
fn stored(s: &Sandbox, images: &[(&str, usize, &str)]) {
    let mut registry = String::from("version: 1.0\n# kept by people\nimages:\n");
    for (variant, kilobytes, keys) in images {
        let (name, file) = (s.image(variant), s.archive(variant));
        s.write(&file, vec![b'x'; kilobytes * 1000]);
        registry.push_str(&format!(
            "  - {{name: {name}, file: {file}, docker_tag: '{name}:latest', os: 'debian:12', architecture: x86_64, {keys}}}  # {variant}\n"
        ));
    }
    s.write("image-registry.yml", registry);
}

/// Three images, the first used least recently.
fn three(s: &Sandbox) {
    let used = |day| format!("created: 2024-01-01T00:00:00Z, last_used: 2025-01-0{day}T00:00:00Z");
    stored(
        s,
        &[
            ("c", 300, &used(3)),
            ("a", 100, &used(1)),
            ("b", 200, &used(2)),
        ],
    );
}

fn prune<'a>(s: &Sandbox, words: impl IntoIterator<Item = &'a str>) -> Outcome {
    s.run("imgprune", ["--no-engine"].into_iter().chain(words))
}

/// The paths of these images' archives, one a line.
fn paths(s: &Sandbox, variants: &[&str]) -> String {
    variants
        .iter()
        .map(|variant| s.archive(variant) + "\n")
        .collect()
}

fn there(s: &Sandbox) -> Vec<String> {
    let registry = s.read("image-registry.yml");
    let is_there = |variant: &&str| {
        let (name, file) = (s.image(variant), s.path(s.archive(variant)));
        let registered = registry.contains(&format!("{name},"));
        assert_eq!(registered, file.exists(), "{name} in\n{registry}");
        registered
    };
    let there = ["a", "b", "c", "base", "top"].into_iter().filter(is_there);
    there.map(str::to_owned).collect()
}

#[test]
fn the_least_recently_used_go_first() {
    let s = Sandbox::without_engine();
    three(&s);
    let dry = prune(&s, ["--max-size", "350kB", "--dry-run"]);
    dry.ok().stdout(&paths(&s, &["a", "b"]));
    dry.stderr_has("before 600 kB in 3 images, would free 300 kB, after 300 kB in 1 image; ");
    assert_eq!(there(&s), ["a", "b", "c"]);
    let real = prune(&s, ["--max-size", "350kB"]);
    real.ok().stdout(&dry.stdout);
    assert_eq!(there(&s), ["c"]);
    let registry = s.read("image-registry.yml");
    assert!(registry.contains("# kept by people\n") && registry.contains("}  # c\n"));
    prune(&s, ["--max-size", "350kB"]).ok().stdout("");
}

#[test]
fn every_figure_is_there_for_scripts() {
    let s = Sandbox::without_engine();
    three(&s);
    let found = prune(&s, ["--json", "--max-age", "1d", "--keep", "*-c"]);
    let found = found.code(6).json();
    assert_eq!(found.len(), 3, "{found:?}");
    assert_eq!(found[0]["name"], s.image("a"));
    assert_eq!(found[0]["path"], s.archive("a"));
    assert_eq!(found[0]["size"], 100_000);
    assert!(
        found[0]["reasons"][0]
            .as_str()
            .unwrap()
            .starts_with("not used for ")
    );
    let summary = &found[2]["summary"];
    assert_eq!(summary["before"]["bytes"], 600_000);
    assert_eq!(summary["freed"], 300_000);
    assert_eq!(summary["after"]["images"], 1);
    assert!(summary["free"].as_u64().unwrap() > 0);
    assert_eq!(summary["kept"][0]["why"][0], "kept by --keep *-c");
    assert_eq!(summary["unmet"][0]["held_by"][0], s.image("c"));
}

#[test]
fn the_last_of_each_group_stay() {
    let s = Sandbox::without_engine();
    three(&s);
    let dry = |words: &[&str]| {
        let words = ["--dry-run", "--keep-last"].iter().chain(words).copied();
        prune(&s, words).ok().stdout.clone()
    };
    assert_eq!(dry(&["1"]), paths(&s, &["a", "b"]));
    assert_eq!(dry(&["2", "--per", "project"]), paths(&s, &["a"]));
    assert_eq!(dry(&["1", "--per", "os"]), paths(&s, &["a", "b"]));
    assert_eq!(dry(&["1", "--per", "*-[ab]"]), paths(&s, &["a"]));
    assert_eq!(
        dry(&["0", "--per", "*-a", "--per", "*-c"]),
        paths(&s, &["a", "c"])
    );
    prune(&s, ["--per", "os", "--max-size", "1"]).fails("imgprune", 2, "`--per`");
    prune(&s, ["--keep-last", "1", "--per", "["]).fails("imgprune", 2, "is no pattern");
}

#[test]
fn age_is_since_the_last_use_or_else_since_it_was_made() {
    let s = Sandbox::without_engine();
    stored(
        &s,
        &[
            ("a", 1, "created: 2024-01-01T00:00:00Z, last_used: null"),
            (
                "b",
                1,
                "created: 2024-01-01T00:00:00Z, last_used: 2999-01-01T00:00:00Z",
            ),
            ("c", 1, "size_mb: 1"),
        ],
    );
    // The clock went back after b was used; c was never said to be made, but its file was just now.
    prune(&s, ["--max-age", "365d"])
        .ok()
        .stdout(&paths(&s, &["a"]));
    assert_eq!(there(&s), ["b", "c"]);
}

#[test]
fn what_is_held_stays_and_is_said() {
    let s = Sandbox::without_engine();
    three(&s);
    let registry = s.read("image-registry.yml");
    let pinned = registry.replacen("x86_64, ", "x86_64, pinned: true, ", 1);
    s.write("image-registry.yml", pinned);
    // Somebody reads one, and makes another anew.
    let read = File::open(s.path(s.archive("a"))).unwrap();
    read.lock_shared().unwrap();
    let lock = format!("images/.imgpipe/locks/{}.lock", s.image("b"));
    let making = File::open(s.write(&lock, "")).unwrap();
    making.lock().unwrap();
    let held = prune(&s, ["--max-size", "0", "-v"]);
    held.fails("imgprune", 6, "held back by ");
    held.stderr_has(&format!("{} (pinned)", s.image("c")));
    held.stderr_has(&format!(
        "{}: stays: in use by another command",
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
    kept.stderr_has(&format!("{base}: stays: base of {}", s.image("top")));
    // The last thin archive frees its base, and goes before it.
    prune(&s, ["--max-size", "100kB"])
        .ok()
        .stdout(&paths(&s, &["top", "base"]));
}

#[test]
fn it_never_removes_by_surprise() {
    let s = Sandbox::without_engine();
    prune(&s, ["--max-size", "1"]).fails("imgprune", 3, "there is no registry");
    three(&s);
    prune(&s, []).fails("imgprune", 2, "no limit is given");
    s.write(
        ".localci.yml",
        "images: {cleanup: {enabled: false, max_size_gb: 0}}",
    );
    prune(&s, [])
        .fails("imgprune", 2, "no limit")
        .stderr_has(".localci.yml:1:29");
    for (words, text) in [
        (["--max-size", "lots"], "is not a size"),
        (["--max-size", "-1GB"], "-1"),
        (["--max-age", "30"], "`30` has no unit: say 30d"),
        (["--max-age", "1y"], "is not a duration"),
        (["--keep-last", "1.5"], "--keep-last"),
    ] {
        prune(&s, words).fails("imgprune", 2, text);
    }
    let both = ["--keep-last", "1", "--per", "project", "--per", "os"];
    prune(&s, both).fails("imgprune", 2, "stand alone");
    prune(&s, ["-n", "--keep", "typo-*", "--max-size", "1GB"])
        .ok()
        .stderr_has("no image's name fits `typo-*`");
    assert_eq!(there(&s), ["a", "b", "c"]);
}

#[test]
fn limits_come_from_the_config_too() {
    let s = Sandbox::without_engine();
    three(&s);
    s.write(
        "local-ci-config.yml",
        "resource_limits: {disk_min_free_gb: 0.001, cpus: 3}\nimages:\n  cleanup: {max_size_gb: 0.0004, keep: ['*-a']}\n",
    );
    let shown = s.run("imgprune", ["--show-limits", "--max-age", "9999d"]);
    let shown = shown.ok().stdout.replace(s.root().as_str(), "");
    assert_eq!(
        shown,
        "max-size\t400 kB\t/local-ci-config.yml:3:26: images.cleanup.max_size_gb
max-age\t9999d\t--max-age
min-free\t1 MB\t/local-ci-config.yml:1:37: resource_limits.disk_min_free_gb
keep\t*-a\t/local-ci-config.yml:3:41: images.cleanup.keep
"
    );
    prune(&s, []).ok().stdout(&paths(&s, &["b"]));
    // A flag wins.
    prune(&s, ["--max-size", "1MB"]).ok().stdout("");
    s.write(
        "local-ci-config.yml",
        "images: {cleanup: {max_size_gb: 50GB}}\n",
    );
    prune(&s, []).fails("imgprune", 3, "local-ci-config.yml:1:33: ");
    assert_eq!(there(&s), ["a", "c"]);
}

#[test]
fn a_config_names_the_registry() {
    let s = Sandbox::without_engine();
    three(&s);
    s.write(
        "below/.localci.yml",
        "images: {registry: ../image-registry.yml}\n",
    );
    s.write("below/image-registry.yml", "images: []\n");
    let words = ["--no-engine", "--max-size", "350kB", "-n"];
    let below = s.command("imgprune").folder("below").args(words).run();
    below
        .ok()
        .stdout(&format!("../{}\n../{}\n", s.archive("a"), s.archive("b")));
}

#[test]
fn what_belongs_to_nobody_goes_when_asked() {
    let s = Sandbox::without_engine();
    three(&s);
    std::fs::remove_file(s.path(s.archive("b"))).unwrap();
    s.write("images/lost.tar", "lost");
    s.write("images/Dockerfile.x", "FROM scratch");
    s.write("images/.imgpipe/unfinished/1-0-0.tar", "dead");
    s.write("outside.tar", "outside");
    std::os::unix::fs::symlink("../outside.tar", s.path("images/link.tar")).unwrap();
    let told = prune(&s, ["--max-size", "1GB"]);
    told.ok()
        .stdout("")
        .stderr_has(&format!("no archive for {}", s.image("b")));
    told.stderr_has("2 files not registered, 8 B (--orphans removes them)");
    let gone = prune(&s, ["--orphans", "--missing"]);
    gone.ok()
        .stdout("images/lost.tar\nimages/.imgpipe/unfinished/1-0-0.tar\n");
    gone.stderr_has(&format!("{}: the entry alone was removed", s.image("b")));
    assert_eq!(there(&s), ["a", "c"]);
    assert!(s.path("outside.tar").exists() && s.path("images/link.tar").is_symlink());
    assert!(s.path("images/Dockerfile.x").exists());
    prune(&s, ["--orphans", "--missing"]).ok().stdout("");
}

#[test]
fn links_and_paths_that_lead_out_are_left_alone() {
    let s = Sandbox::without_engine();
    three(&s);
    s.write("outside.tar", "outside");
    std::fs::remove_file(s.path(s.archive("a"))).unwrap();
    std::os::unix::fs::symlink("../../outside.tar", s.path(s.archive("a"))).unwrap();
    let registry = s.read("image-registry.yml");
    s.write(
        "image-registry.yml",
        registry.replace(&s.archive("b"), "../b.tar"),
    );
    let left = prune(&s, ["--max-size", "0"]);
    left.code(3).stdout(&paths(&s, &["c"]));
    left.stderr_has(&format!("{}: left alone: ", s.image("a")));
    left.stderr_has(&format!("{}: ../b.tar: holds `..`", s.image("b")));
    assert!(s.path("outside.tar").exists());
}

#[test]
fn a_file_that_two_entries_name_goes_with_the_last() {
    let s = Sandbox::without_engine();
    three(&s);
    let registry = s.read("image-registry.yml");
    s.write(
        "image-registry.yml",
        registry.replace(&s.archive("a"), &s.archive("c")),
    );
    std::fs::remove_file(s.path(s.archive("a"))).unwrap();
    // The file counts once, and goes when nobody names it any more.
    let kept = prune(&s, ["--max-age", "1d", "--keep", "*-c"]);
    kept.code(6).stdout(&paths(&s, &["b"]));
    kept.stderr_has("before 500 kB in 3 images, freed 200 kB, after 300 kB in 1 image");
    kept.stderr_has(&format!("{}: the entry alone was removed", s.image("a")));
    assert!(s.path(s.archive("c")).exists());
    prune(&s, ["--max-age", "1d"])
        .ok()
        .stdout(&paths(&s, &["c"]));
    assert!(!s.path(s.archive("c")).exists());
}

#[test]
fn an_entry_stays_whose_archive_can_not_be_removed() {
    let s = Sandbox::without_engine();
    three(&s);
    // Whoever is root may do anything, except on what is mounted over the folder.
    let folder = format!("images/{}", s.project());
    let registry = s.read("image-registry.yml");
    s.sh(&format!(
        "mount --bind {folder} {folder} && mount -o remount,ro,bind {folder}"
    ))
    .ok();
    let held = prune(&s, ["--max-size", "0"]);
    s.sh(&format!("umount {folder}")).ok();
    held.fails("imgprune", 6, "in a folder that can't be written");
    assert_eq!(s.read("image-registry.yml"), registry);
}

#[test]
fn an_interrupted_run_says_what_it_removed_and_registers_the_rest() {
    let s = Sandbox::without_engine();
    let images: Vec<String> = (0..3000).map(|number| format!("i{number}")).collect();
    let all: Vec<_> = images
        .iter()
        .map(|variant| (variant.as_str(), 0, "size_mb: 1"))
        .collect();
    stored(&s, &all);
    let script = "(exec imgprune --no-engine --max-age 0 --json) > out & pid=$!
        while [ $(ls images/* | wc -l) -eq 3000 ]; do kill -0 $pid || exit 99; done
        kill -INT $pid; wait $pid";
    s.sh(script).code(130);
    let printed = s.read("out").matches("\"kind\":\"image\"").count();
    let files = s.files(&format!("images/{}", s.project())).len();
    let entries = s.read("image-registry.yml").matches("- {name: ").count();
    assert!(printed > 0 && files > 0, "{printed} and {files}");
    assert_eq!((files, entries), (3000 - printed, 3000 - printed));
}

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

/// An image in the engine and the store, loaded by nobody.
fn saved(s: &Sandbox, variant: &str) -> String {
    let reference = Image::new().build(s, variant);
    s.run("imgsave", [&reference]).ok();
    reference
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
    s.write(".localci.yml", "images: {cleanup: {max_size_gb: 0}}");
    let release = ["--engine", "/nowhere/docker", "--release", "8"];
    s.run("imgprune", release)
        .ok()
        .stderr_has("run 8 holds nothing");
    s.run("imgprune", ["--max-size", "0"]).code(6);
    // Six hours are over at once where somebody says so.
    s.run("imgprune", ["--max-size", "0", "-n", "--lease", "0s"])
        .ok();
    s.run("imgprune", ["-n", "--release", "run 7", "--max-size", "0"])
        .ok()
        .stdout(&paths(&s, &["a"]));
    s.run("imgprune", ["--release", "run 7", "--max-size", "0"])
        .ok()
        .stdout(&paths(&s, &["a"]));
    assert!(s.files("images/.imgpipe/leases").is_empty());
}

#[test]
fn a_process_keeps_its_images_until_it_ends() {
    let s = Sandbox::new();
    let reference = saved(&s, "a");
    let line = format!("imgload {reference} && imgprune --max-size 0");
    s.sh(&line).code(6).stderr_has("(leased by process ");
    // What a shell starts for `$(…)` is that shell.
    let line = format!("image=$(echo {reference} | imgload) && imgprune --max-size 0");
    s.sh(&line).code(6).stderr_has("(leased by process ");
    // A lease that can't be read may be anybody's.
    let damaged = s.write("images/.imgpipe/leases/x.json", "{");
    s.run("imgprune", ["--max-size", "0"])
        .fails("imgprune", 1, "x.json: is no lease");
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
fn another_image_under_the_tag_stays_in_the_engine() {
    let s = Sandbox::new();
    let image = saved(&s, "a");
    s.forget(&image);
    Image::new().build(&s, "a");
    let pruned = s.run("imgprune", ["--max-size", "0", "--rmi"]);
    pruned
        .ok()
        .stderr_has("is another image in the engine, and stays");
    assert!(engine().has(&image));
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

/// Sixteen pipelines over four images, and somebody who wants everything gone.
#[test]
fn pipelines_never_lose_an_image_to_pruning_beside_them() {
    let s = Sandbox::new();
    for variant in ["gcc1", "gcc2", "gcc3", "gcc4"] {
        let name = s.image(variant);
        s.write(
            &format!("images/{}/Dockerfile.{name}", s.project()),
            format!("FROM scratch\nCOPY os-release /etc/os-release\nLABEL variant={variant}\n"),
        );
        s.write(
            "os-release",
            format!("ID=debian\nVERSION_ID=\"12\"\n# {name}\n"),
        );
        let plan = format!(
            "{{\"name\":\"{name}\",\"build\":{{\"context\":\".\"}},\"base_image\":\"scratch\",\"requirements\":{{\"project\":\"{}\",\"os\":\"debian:12\"}}}}",
            s.project()
        );
        s.write(&format!("{variant}.json"), plan);
        s.sh(&format!("imgbuild -q {variant}.json | imgload")).ok();
    }
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let pruning = scope.spawn(|| {
            let mut removed = 0;
            while !over.load(Ordering::Relaxed) {
                let pruned = s.run("imgprune", ["--max-size", "0"]);
                assert!([0, 6].contains(&pruned.code), "{pruned:?}");
                removed += pruned.stdout.lines().count();
            }
            removed
        });
        let pipelines: Vec<_> = (0..16)
            .map(|number| {
                let s = &s;
                scope.spawn(move || {
                    let variant = format!("gcc{}", number % 4 + 1);
                    let project = s.project();
                    for _ in 0..2 {
                        // From the plan on nothing is lost; before, it may have to be built again.
                        let line = format!(
                            "until imgbuild -q --no-lease {variant}.json > /dev/null &&
                                imgplan -q --project {project} --os debian:12 > plan{number} 2> /dev/null &&
                                grep -q '\"needs_build\":false' plan{number}
                            do :; done
                            sleep 0.1
                            imgbuild -q plan{number} | imgload -q"
                        );
                        let loaded = s.sh(&line);
                        let found = loaded.ok().line();
                        assert!(found.ends_with(":latest"), "{loaded:?}");
                    }
                })
            })
            .collect();
        let results: Vec<_> = pipelines
            .into_iter()
            .map(|pipeline| pipeline.join())
            .collect();
        over.store(true, Ordering::Relaxed);
        let removed = pruning.join().expect("pruning works");
        for result in results {
            result.expect("a pipeline");
        }
        assert!(removed > 0, "there was nothing to lose");
    });
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
    full.fails("imgsave", 6, "are free where the store is")
        .stderr_has("--make-room");
    full.stderr_lacks("saving");
    assert!(s.files("small/images/.imgpipe/unfinished").is_empty());
    // What a run holds stays, and the other goes.
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
    // What can't be enough costs nothing.
    let huge = Image::new().random("data", 6_000_000).build(&s, "e");
    save(&["--make-room", &huge])
        .fails("imgsave", 6, "not ")
        .stderr_lacks("removed");
    // Nothing can go any more.
    let again = Image::new().random("data", 1_500_000).build(&s, "d");
    let load = ["--run", "7", "--no-record", &images[2]];
    small.command("imgload").args(load).run().ok();
    save(&["--make-room", &again]).fails("imgsave", 6, "held back by ");
    drop(small);
}
