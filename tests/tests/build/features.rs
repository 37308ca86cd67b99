//! The engine's features in a plan's `build`: a stage, a network, arguments, another architecture.

use std::fs;

use super::*;

/// A plan for an image with a build file, and the rest of its `build`.
fn asks(s: &Sandbox, variant: &str, rest: &str) -> String {
    format!(
        r#"{{"name":"{}","build":{{"dockerfile":"Dockerfile",{rest}}}}}"#,
        s.image(variant)
    )
}

/// Whether a built image has a file.
fn has_file(s: &Sandbox, variant: &str, path: &str) -> bool {
    s.run("imgcat", [&s.archive(variant), path]).code == 0
}

#[test]
fn a_target_is_the_stage_that_is_built() {
    let s = Sandbox::new();
    let base = Image::new().busybox().build(&s, "base");
    // The stages after the target are not built, so they may name missing images.
    s.write(
        "Dockerfile",
        format!(
            "FROM {base} AS build\nRUN touch /in-build\nFROM build AS Test\nRUN touch /in-test\n\
             FROM {}:none\nRUN touch /in-last\n",
            s.project()
        ),
    );
    for (variant, target, steps, files) in [
        ("one", r#""build""#, "[]", [true, false, false]),
        ("two", r#""test""#, "[]", [true, true, false]),
        ("number", r#""0""#, "[]", [true, false, false]),
        ("json", "1", "[]", [true, true, false]),
        (
            "three",
            r#""test""#,
            r#"[{"run":"touch /in-step"}]"#,
            [true, true, true],
        ),
    ] {
        let plan = asks(
            &s,
            variant,
            &format!(r#""target":{target},"steps":{steps}"#),
        );
        build(&s, &plan).ok();
        let there = ["/in-build", "/in-test", "/in-step"].map(|path| has_file(&s, variant, path));
        assert_eq!(there, files, "{target}");
        assert!(!has_file(&s, variant, "/in-last"));
    }
    let other = asks(&s, "one", r#""target":"test""#);
    let again = s.command("imgbuild").arg("--explain").input(other).run();
    again.ok().stderr_has("target changed");
    let none = build(&s, &asks(&s, "four", r#""target":"tset""#));
    none.fails("imgbuild", 3, "no stage `tset`");
    none.stderr_has("its stages are `build`, `test`");
    let generated = format!(
        r#"{{"name":"{}","base_image":"{base}","build":{{"target":"test"}}}}"#,
        s.image("five")
    );
    build(&s, &generated).fails("imgbuild", 3, "`build.target` is `test`");
}

#[test]
fn the_network_of_steps_is_the_plans_or_the_flags() {
    let s = Sandbox::new();
    let base = Image::new().busybox().build(&s, "base");
    s.write(
        "Dockerfile",
        format!(
            "FROM {base}\nRUN ls /sys/class/net > /net; cat /proc/sys/kernel/random/uuid > /once\n"
        ),
    );
    let networks = |words: &[&str], network: &str| {
        let plan = asks(&s, "tool", &format!(r#""network":"{network}""#));
        let command = s.command("imgbuild").args(["--rebuild", "--no-cache"]);
        command.args(words).input(plan).run().ok();
        let read = s.run("imgcat", [&s.archive("tool"), "/net"]);
        let read = read.ok();
        let devices = read.stdout.split_whitespace();
        // Devices of other containers come and go.
        let devices = devices.filter(|device| !device.starts_with("veth"));
        devices.map(str::to_owned).collect::<Vec<_>>()
    };
    let none = networks(&[], "none");
    let host = networks(&[], "host");
    assert!(none.len() < host.len(), "{none:?} {host:?}");
    assert_eq!(networks(&["--network", "host"], "none"), host);
    assert_eq!(networks(&["--network", "none"], "host"), none);
    // The network is not part of the image: another one causes no build.
    build(&s, &asks(&s, "tool", r#""network":"none""#)).ok();
    let plan = asks(&s, "tool", r#""network":"host""#);
    let same = s.command("imgbuild").arg("--explain").input(plan).run();
    same.ok().stderr_has("up to date");
}

/// Every user may read every command line.
#[test]
fn arguments_stand_on_no_command_line() {
    let s = Sandbox::new();
    let base = Image::new().busybox().build(&s, "base");
    s.write(
        "Dockerfile",
        format!(
            "FROM {base}\nARG WORD\nRUN echo begun: $((1 + 41)) && echo $WORD > /word && sleep 1\n"
        ),
    );
    let word = format!("{}-secret", s.project());
    let plan = asks(
        &s,
        "tool",
        &format!(r#""args":{{"WORD":"{word}","EMPTY":""}}"#),
    );
    let running = s.command("imgbuild").input(plan).launch();
    running.wait_until("the step runs", |running| {
        running.said().contains("begun: 42")
    });
    let shown: Vec<_> = fs::read_dir("/proc")
        .expect("/proc can be read")
        .flatten()
        .filter_map(|entry| fs::read(entry.path().join("cmdline")).ok())
        .map(|words| String::from_utf8_lossy(&words).replace('\0', " "))
        // The step itself runs the shell's expansion.
        .filter(|words| words.contains(&word) && !words.contains("begun"))
        .collect();
    assert_eq!(shown, [""; 0]);
    let (outcome, _) = running.peak();
    outcome.ok();
    let read = s.run("imgcat", [&s.archive("tool"), "/word"]);
    read.ok().stdout(&format!("{word}\n"));
}

#[test]
fn arguments_that_the_client_itself_goes_by_are_refused() {
    let s = Sandbox::new();
    let base = Image::new().busybox().build(&s, "base");
    s.write("Dockerfile", format!("FROM {base}\nARG HOME\nRUN true\n"));
    for name in [
        "HOME",
        "PATH",
        "DOCKER_HOST",
        "CONTAINERS_CONF",
        "LD_PRELOAD",
    ] {
        let refused = build(
            &s,
            &asks(&s, "tool", &format!(r#""args":{{"{name}":"/x"}}"#)),
        );
        refused.fails("imgbuild", 3, &format!("the build argument `{name}`"));
        assert_eq!(engine().images_of(&s.image("tool")), [""; 0]);
    }
    let proxies = r#""args":{"HTTP_PROXY":"http://127.0.0.1:1","no_proxy":"*","APP_HOME":"/x"}"#;
    build(&s, &asks(&s, "tool", proxies)).ok();
}

#[test]
fn arguments_that_imgbuild_sets_are_refused() {
    let s = Sandbox::new();
    let base = Image::new().busybox().build(&s, "base");
    s.write("Dockerfile", format!("FROM {base}\nRUN true\n"));
    for (name, says) in [
        ("BASE_IMAGE", "is reserved for the base"),
        ("1A", "is not a valid variable name"),
    ] {
        let plan = asks(&s, "tool", &format!(r#""args":{{"{name}":"{base}"}}"#));
        let refused = build(&s, &plan);
        refused.fails(
            "imgbuild",
            3,
            &format!("the build argument `{name}` {says}"),
        );
        refused.stderr_has("hint: ").stderr_lacks("building");
    }
}

#[test]
fn secrets_are_looked_for_before_anything_is_built() {
    let s = Sandbox::new();
    let base = Image::new().busybox().build(&s, "base");
    s.write("Dockerfile", format!("FROM {base}\nRUN true\n"));
    for (secret, says) in [
        ("id=a,src=none", "the secret `a` can't be read: none: "),
        ("id=a,src=images", "images is not a file"),
        ("id=a,env=NONE_SUCH", "`NONE_SUCH` is not set"),
    ] {
        s.write("images/any", "");
        let refused = build(&s, &asks(&s, "tool", &format!(r#""secrets":["{secret}"]"#)));
        refused.fails("imgbuild", 3, says);
        refused.stderr_lacks("building");
    }
    if engine().is_podman() {
        return;
    }
    // Docker's legacy builder does not support secrets. `buildkit` tests a client that builds with BuildKit.
    s.write("token", "word");
    let plan = asks(&s, "tool", r#""secrets":["id=a,src=token"]"#);
    let refused = s.command("imgbuild").variable("DOCKER_BUILDKIT", "0");
    let refused = refused.input(plan).run();
    refused.fails("imgbuild", 5, "legacy builder does not support secrets");
    refused
        .stderr_has("DOCKER_BUILDKIT=1")
        .stderr_lacks("building");
}

#[test]
fn another_architecture_is_built_if_nothing_has_to_run() {
    let s = Sandbox::new();
    // No test machine has this architecture, or an emulator for it.
    let wanted = "s390x";
    s.write("files/data", "data");
    s.write("Dockerfile", "FROM scratch AS any\nCOPY data /data\n");
    let plan = |variant: &str, architecture: &str, rest: &str| {
        format!(
            r#"{{"name":"{}","requirements":{{"project":"{}","os":"debian:12","architecture":"{architecture}"}},{rest}}}"#,
            s.image(variant),
            s.project()
        )
    };
    let file = r#""build":{"dockerfile":"Dockerfile","context":"files""#;
    build(&s, &plan("data-s390x", wanted, &format!("{file}}}"))).ok();
    assert!(s.read("image-registry.yml").contains("architecture: s390x"));

    if sees_emulators() {
        let runs = build(
            &s,
            &plan(
                "runs-s390x",
                wanted,
                &format!(r#"{file},"steps":[{{"run":"true"}}]}}"#),
            ),
        );
        runs.fails("imgbuild", 5, "cannot run s390x programs");
        runs.stderr_has("binfmt_misc")
            .stderr_has("--platform linux/s390x");
        runs.stderr_lacks("building");
    }
    // A base for another architecture is refused, registered or in the engine.
    let tag = format!("{}:latest", s.image("data-s390x"));
    let archive = format!(r#""best_base_image_path":"{}""#, s.archive("data-s390x"));
    let steps = r#""build":{"context":"files","steps":[{"copy":"data /more"}]}"#;
    for base in [archive, format!(r#""base_image":"{tag}""#)] {
        let other = build(&s, &plan("other", "amd64", &format!("{base},{steps}")));
        other.fails("imgbuild", 3, "is for s390x, not for x86_64");
        other.stderr_has("imgfetch --platform linux/amd64");
    }
    // If the plan names none, the base decides the architecture.
    let bare = format!(
        r#"{{"name":"{}","base_image":"{tag}",{steps}}}"#,
        s.image("same-s390x")
    );
    build(&s, &bare).ok();
    let words = [
        "image",
        "inspect",
        "--format",
        "{{.Architecture}}",
        &s.image("same-s390x"),
    ];
    assert_eq!(engine().read(&words).as_deref(), Some("s390x"));
}

#[test]
fn steps_alone_need_no_package_manager() {
    let s = Sandbox::new();
    s.write("files/data", "data");
    let plan = |name: &str, rest: &str| {
        format!(
            r#"{{"name":"{name}","base_image":"scratch","build":{{"context":"files","steps":[{{"copy":"data /data"}}]}}{rest}}}"#
        )
    };
    let name = format!("{}-scratch-data", s.project());
    build(&s, &plan(&name, "")).ok();
    let archive = format!("images/{}/{name}.tar", s.project());
    s.run("imgcat", [&archive, "/data"]).ok().stdout("data");
    let packages = plan(&name, r#","missing":{"packages":["make"]}"#);
    build(&s, &packages).fails("imgbuild", 3, "no package manager");
    let nothing = format!(r#"{{"name":"{name}","base_image":"scratch","missing":{{}}}}"#);
    build(&s, &nothing).fails("imgbuild", 3, "the plan has no base");
}
