//! Hostile files cannot harm a store or an engine.

use pipeline_tests::{Image, Outcome, Sandbox, Watched, engine};

/// The store's own files, each possibly replaced by another user.
const OWN: [&str; 13] = [
    "images/.imgpipe",
    "images/.imgpipe/.gitignore",
    "images/.imgpipe/registry.lock",
    "images/.imgpipe/installing.json",
    "images/.imgpipe/leftovers.json",
    "images/.imgpipe/reserve",
    "images/.imgpipe/leases",
    "images/.imgpipe/leases/.unfinished",
    "images/.imgpipe/leases/x.json",
    "images/.imgpipe/locks",
    "images/.imgpipe/locks/NAME.lock",
    "images/.imgpipe/unfinished",
    ".image-registry.yml.unfinished",
];

/// Plants something (at `$1`) in place of each own file, and runs every command that writes. None hangs or panics, and
/// nothing outside the store changes.
fn planted(plant: &str) {
    let s = Sandbox::new();
    let image = Image::new().build(&s, "a");
    let name = s.image("a");
    s.sh(&format!("$IMG_ENGINE save {image} > saved.tar")).ok();
    s.write("outside/victim", "precious");
    s.write("outside/old.tar", "precious");
    s.sh("touch -d '2 days ago' outside/*").ok();
    let lease = r#"{"image":"x","holder":{"run":"1"},"since":"2020-01-01T00:00:00Z","term":1}"#;
    s.write("outside/lease.json", lease);
    let outside = || {
        s.sh("cd outside && stat -c '%n %A %s %y' * && sha256sum *")
            .stdout
    };
    let before = outside();
    s.write(
        "requirement.yml",
        format!(
            "{{project: {}, os: 'debian:12', variants: [a]}}",
            s.project()
        ),
    );
    let commands = [
        format!("imgsave --name {name} ../saved.tar"),
        format!("imgload --force {name}"),
        "imgplan ../requirement.yml".to_owned(),
        "imgprune --orphans --max-age 100d --no-engine".to_owned(),
        "imgprune --release 1 --no-engine".to_owned(),
        "imgls --check --no-engine".to_owned(),
        "imgls --no-engine".to_owned(),
    ];
    for own in OWN.map(|own| own.replace("NAME", &name)) {
        s.sh("rm -rf store && mkdir store").ok();
        let first = s.command("imgsave").folder("store");
        first.args(["--name", &name, "../saved.tar"]).run().ok();
        let plan = s.command("imgplan").folder("store");
        plan.arg("../requirement.yml").run().ok();
        let plant = format!("set -- 'store/{own}'; mkdir -p \"${{1%/*}}\"; rm -rf \"$1\"; {plant}");
        s.sh(&plant).ok();
        for command in &commands {
            let line = format!("cd store && exec timeout 20 {command} --lock-timeout 1s");
            let outcome = s.sh(&line);
            fair(&own, &outcome);
            assert_eq!(outside(), before, "{own}\n{outcome}");
        }
    }
}

/// It ended by itself, with success or a message.
fn fair(own: &str, outcome: &Outcome) {
    let program = |line: &str| line.starts_with("img") && line.contains(": ");
    let said = outcome.stderr.lines().any(program);
    assert!(
        outcome.code == 0 || ((1..=7).contains(&outcome.code) && said),
        "{own}\n{outcome}"
    );
    outcome.stderr_lacks("panicked");
}

#[test]
fn a_link_to_a_file_is_not_written_through() {
    planted("ln -s \"$PWD/outside/victim\" \"$1\"");
}

#[test]
fn a_link_to_a_lease_is_not_read() {
    planted("ln -s \"$PWD/outside/lease.json\" \"$1\"");
}

#[test]
fn a_link_to_a_folder_is_not_written_into() {
    planted("ln -s \"$PWD/outside\" \"$1\"");
}

#[test]
fn another_name_of_a_file_is_not_written_through() {
    // A file in place of a folder.
    planted("ln outside/victim \"$1\"");
}

#[test]
fn a_link_to_nothing_makes_nothing() {
    planted("ln -s \"$PWD/outside/new\" \"$1\"");
}

#[test]
fn a_named_pipe_is_not_waited_for() {
    planted("mkfifo \"$1\"");
}

#[test]
fn a_folder_is_in_the_way_and_said_to_be() {
    planted("mkdir \"$1\"");
}

#[test]
fn a_file_is_in_the_way_and_said_to_be() {
    planted("echo 1 > \"$1\"");
}

#[test]
fn what_is_no_file_is_no_archive() {
    let s = Sandbox::new();
    let image = Image::new().build(&s, "a");
    s.run("imgsave", [&image]).ok();
    let name = s.image("a");
    let archive = s.archive("a");
    let registry = s.read("image-registry.yml");
    for other in ["mkfifo", "mkdir", "ln -s /dev/zero", "ln -s /proc/self/mem"] {
        s.write("image-registry.yml", &registry);
        s.sh(&format!("rm -rf {archive} && {other} {archive}")).ok();
        for (command, codes) in [
            (format!("imgload {name}"), [3, 4].as_slice()),
            (format!("imgload {archive}"), &[3, 4]),
            ("imgls --check --no-engine".into(), &[3, 4]),
            ("imgls --no-engine".into(), &[0, 3]),
            (format!("imgsave {name}"), &[0, 1, 3]),
            ("imgprune --max-size 0 --no-engine".into(), &[0, 1, 3]),
        ] {
            let outcome = s.sh(&format!("exec timeout 20 {command}"));
            assert!(codes.contains(&outcome.code), "{other}\n{outcome}");
            fair(other, &outcome);
        }
    }
}

#[test]
fn an_archive_that_is_not_the_registered_one_is_not_shown_to_the_engine() {
    let s = Sandbox::new();
    let (a, b) = (Image::new().build(&s, "a"), Image::new().build(&s, "b"));
    s.run("imgsave", [&a, &b]).ok();
    for image in [&a, &b] {
        s.forget(image);
    }
    std::fs::copy(s.path(s.archive("b")), s.path(s.archive("a"))).expect("copied");
    let watched = Watched::new(&s);
    let loaded = s.run("imgload", ["--engine", watched.program(), &s.image("a")]);
    loaded.fails("imgload", 4, &s.image("a"));
    assert_eq!(engine().images_of(s.project()), [""; 0]);
    let calls = watched.calls();
    let writes = |call: &&String| call.starts_with("load") || call.starts_with("tag");
    assert_eq!(calls.iter().find(writes), None, "{calls:?}");
}

#[test]
fn a_tag_of_another_image_is_moved_by_force_alone() {
    let s = Sandbox::new();
    let (a, b) = (Image::new().build(&s, "a"), Image::new().build(&s, "b"));
    // An archive of `b` that claims to be `a`, alone and together with an untagged image.
    let own = engine().id(&a).expect("an image");
    let other = format!("{b}-other");
    s.sh(&format!(
        "$IMG_ENGINE tag {a} {b}-kept && $IMG_ENGINE tag {b} {a} && $IMG_ENGINE tag {b}-kept {other}"
    ))
    .ok();
    engine().save(&[&a], &s.path("one.tar"));
    engine().save(&[&b, &a], &s.path("two.tar"));
    s.sh(&format!(
        "$IMG_ENGINE tag {other} {a} && $IMG_ENGINE rmi {b} {b}-kept {other}"
    ))
    .ok();
    for archive in ["one.tar", "two.tar"] {
        s.run("imgload", [archive])
            .fails("imgload", 1, "another image tagged")
            .stderr_has("--force");
        assert_eq!(engine().id(&a).as_ref(), Some(&own), "{archive}");
        assert!(!engine().has(&b), "{archive}");
    }
    // A registered archive's own tags are ignored.
    s.run("imgsave", ["--name", &s.image("b"), "two.tar"]).ok();
    s.sh(&format!("cp two.tar {}", s.archive("b"))).ok();
    s.run("imgload", [&s.image("b")])
        .ok()
        .stdout(&format!("{b}\n"));
    assert_eq!(engine().id(&a).as_ref(), Some(&own));
    s.run("imgload", ["--force", "one.tar"]).ok();
    assert_ne!(engine().id(&a), Some(own));
}

#[test]
fn files_have_the_modes_that_the_caller_wants() {
    for (umask, file, folder) in [
        ("077", "600", "700"),
        ("002", "664", "775"),
        ("022", "644", "755"),
    ] {
        let s = Sandbox::new();
        let image = Image::new().build(&s, "a");
        let (project, name) = (s.project(), s.image("a"));
        s.write(
            "requirement.yml",
            format!("{{project: {project}, os: 'debian:12', variants: [a]}}"),
        );
        let built = s.image("built");
        s.write("Dockerfile", format!("FROM {image}\nLABEL a=1\n"));
        s.write(
            "plan.json",
            format!("{{\"name\":\"{built}\",\"build\":{{\"dockerfile\":\"Dockerfile\"}}}}"),
        );
        s.sh(&format!(
            "umask {umask} && mkdir store && cd store && cat ../Dockerfile > Dockerfile && imgsave {image} && imgload {name} && imgplan ../requirement.yml &&
             imgbuild ../plan.json && imgsave --compress zstd --name {name} {image} && imgls --pin {name}"
        ))
        .ok();
        let modes = s.sh("cd store && find . -type f -printf '%m file %p\\n' -o -type d -printf '%m folder %p\\n' -o -print");
        for line in modes.ok().stdout.lines() {
            let (mode, rest) = line.split_once(' ').expect("a mode");
            let wanted = if rest.starts_with("file") {
                file
            } else {
                folder
            };
            assert_eq!(mode, wanted, "umask {umask}: {line}\n{}", modes.stdout);
        }
        for own in [
            "leases/",
            "locks/",
            "registry.lock",
            "reserve",
            ".gitignore",
            ".tar",
            "image-registry.yml",
        ] {
            assert!(modes.stdout.contains(own), "no {own}\n{}", modes.stdout);
        }
    }
}
