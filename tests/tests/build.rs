//! `imgbuild`: from a plan to an archive, once, and without traces when it fails.

use pipeline_tests::{Image, Sandbox, debian_base, engine};

/// A store with a base that runs, which the engine no longer has, and a plan for the image `tool` on top of it.
fn with_base(s: &Sandbox) -> String {
    let base = Image::new().busybox().build(s, "base");
    s.run("imgsave", [&base]).ok();
    s.forget(&base);
    let (name, path) = (s.image("tool"), s.archive("base"));
    format!(r#"{{"name":"{name}","needs_build":true,"best_base_image_path":"{path}"}}"#)
}

/// Writes the build file that belongs to the image `tool`.
fn recipe(s: &Sandbox, steps: &str) {
    let path = format!("images/{}/Dockerfile.{}", s.project(), s.image("tool"));
    s.write(
        &path,
        format!("ARG BASE_IMAGE\nFROM $BASE_IMAGE\n{steps}\n"),
    );
}

fn build(s: &Sandbox, plan: &str) -> pipeline_tests::Outcome {
    s.command("imgbuild").input(plan).run()
}

/// What must not change, or not be left, when nothing is built.
fn traces(s: &Sandbox) -> (String, Vec<String>, Vec<String>) {
    let strays = engine().images_of(&s.image("tool"));
    let files = s
        .files("images")
        .into_iter()
        .filter(|path| !path.contains("/locks/") && !path.contains("/leases/"))
        .collect();
    (s.read("image-registry.yml"), files, strays)
}

#[test]
fn builds_once_and_again_only_when_something_changed() {
    let s = Sandbox::new();
    let plan = with_base(&s);
    recipe(&s, "RUN echo one > /built");
    let path = format!("{}\n", s.archive("tool"));
    build(&s, &plan).ok().stdout(&path);
    let first = s.read_bytes(&s.archive("tool"));
    let registry = s.read("image-registry.yml");
    assert!(registry.contains("fingerprint: sha256:"), "{registry}");

    build(&s, &plan).ok().stdout(&path);
    assert!(
        s.read_bytes(&s.archive("tool")) == first,
        "built again although nothing had changed"
    );
    recipe(&s, "RUN echo two > /built");
    build(&s, &plan).ok().stdout(&path);
    assert!(
        s.read_bytes(&s.archive("tool")) != first,
        "not built again although the build file had changed"
    );

    let reference = s.run("imgload", [s.archive("tool")]);
    let reference = reference.ok().line();
    let built = engine().read(&[
        "run",
        "--rm",
        "--network",
        "none",
        reference,
        "cat",
        "/built",
    ]);
    assert_eq!(built.as_deref(), Some("two"));
}

#[test]
fn a_failed_build_leaves_nothing() {
    let s = Sandbox::new();
    let plan = with_base(&s);
    recipe(&s, "RUN echo good > /built");
    build(&s, &plan).ok();
    let before = traces(&s);
    let archive = s.read_bytes(&s.archive("tool"));

    recipe(&s, "RUN echo the last words; test -e /nonexistent");
    let failed = build(&s, &plan);
    failed
        .fails("imgbuild", 5, &s.image("tool"))
        .stderr_has("the last words");
    let after = traces(&s);
    assert_eq!(after, before, "{failed}");
    assert!(
        s.read_bytes(&s.archive("tool")) == archive,
        "the old archive was touched"
    );
    assert_eq!(
        engine()
            .read(&[
                "ps",
                "--all",
                "--quiet",
                "--filter",
                &format!("ancestor={}", s.image("base"))
            ])
            .as_deref(),
        Some("")
    );
}

#[test]
fn of_two_at_once_one_builds_and_both_print_the_path() {
    let s = Sandbox::new();
    let plan = with_base(&s);
    recipe(
        &s,
        "RUN echo $(cat /proc/sys/kernel/random/uuid) > /built && echo a build ran here",
    );
    s.write("plan.json", &plan);
    let both = s.sh("imgbuild < plan.json > one 2> err1 & imgbuild < plan.json > two 2> err2; code=$?; wait $! && exit $code");
    both.ok();
    assert_eq!(
        (s.read("one"), s.read("two")),
        (
            format!("{}\n", s.archive("tool")),
            format!("{}\n", s.archive("tool"))
        )
    );
    let said = s.read("err1") + &s.read("err2");
    assert_eq!(
        said.lines()
            .filter(|line| line.trim() == "a build ran here")
            .count(),
        1,
        "{said}"
    );
    assert_eq!(
        s.read("image-registry.yml")
            .matches(&format!("name: {}", s.image("tool")))
            .count(),
        1
    );
}

#[test]
fn a_base_that_is_nowhere_is_not_pulled() {
    let s = Sandbox::new();
    let plan = format!(
        r#"{{"name":"{}","base_image":"debian:2","missing":{{"packages":["hello"]}}}}"#,
        s.image("tool")
    );
    build(&s, &plan)
        .fails("imgbuild", 4, "debian:2")
        .stderr_has("hint: ")
        .stderr_has("imgfetch");
    // Nor one that only the build file names.
    recipe(&s, "RUN true\nFROM debian:3\nRUN true");
    let plan = format!(r#"{{"name":"{}","base_image":"scratch"}}"#, s.image("tool"));
    build(&s, &plan)
        .fails("imgbuild", 4, "debian:3")
        .stderr_has("imgfetch");
}

#[test]
fn an_image_can_be_built_from_nothing() {
    let s = Sandbox::new();
    recipe(&s, "COPY built /");
    s.write("files/built", "by hand");
    let plan = format!(
        r#"{{"name":"{}","base_image":"scratch","build":{{"context":"files"}},"requirements":{{"project":"{}","os":"debian:12"}}}}"#,
        s.image("tool"),
        s.project()
    );
    build(&s, &plan).ok();
    s.forget(&s.image("tool"));
    s.run("imgload", [s.image("tool")]).ok();
}

#[test]
fn the_plans_own_build_file_gets_context_arguments_and_base() {
    let s = Sandbox::new();
    with_base(&s);
    s.write(
        "ci/Tool.docker",
        "ARG BASE_IMAGE\nFROM $BASE_IMAGE\nARG WHO=nobody\nCOPY greeting /\nRUN echo \"$(cat /greeting) $WHO\" > /said\n",
    );
    s.write("ci/files/greeting", "hello");
    s.write("ci/files/ignored", "one");
    s.write("ci/files/.dockerignore", "ignored\n");
    let plan = |who: &str| {
        format!(
            r#"{{"name":"{}","best_base_image_path":"{}","build":{{"dockerfile":"ci/Tool.docker","context":"ci/files","args":{{"WHO":"{who}"}}}}}}"#,
            s.image("tool"),
            s.archive("base")
        )
    };
    let built = |who: &str, words: &[&str]| {
        let outcome = s
            .command("imgbuild")
            .args(["--json", "--quiet"])
            .args(words)
            .input(plan(who))
            .run();
        outcome.ok().silent();
        outcome.json()[0]["built"] == true
    };
    let said = || {
        let reference = format!("{}:latest", s.image("tool"));
        engine().read(&[
            "run",
            "--rm",
            "--network",
            "none",
            &reference,
            "cat",
            "/said",
        ])
    };
    assert!(built("you", &[]));
    assert_eq!(said().as_deref(), Some("hello you"));
    assert!(!built("you", &[]), "nothing had changed");
    s.write("ci/files/ignored", "two");
    assert!(!built("you", &[]), "the file is ignored");
    s.write("ci/files/greeting", "bye");
    assert!(built("you", &[]), "a file of the context had changed");
    assert_eq!(said().as_deref(), Some("bye you"));
    assert!(built("me", &[]), "an argument had changed");
    assert!(built("me", &["--rebuild"]));
    assert!(built("me", &["--no-cache"]));
    std::fs::remove_file(s.path(s.archive("tool"))).expect("the archive is there");
    assert!(built("me", &[]), "the archive was gone");
}

#[test]
fn an_image_that_lacks_what_was_asked_for_is_refused() {
    let s = Sandbox::new();
    with_base(&s);
    recipe(&s, "RUN echo nothing");
    let before = traces(&s);
    let plan = |wanted: &str| {
        format!(
            r#"{{"name":"{}","needs_build":true,"best_base_image_path":"{}","requirements":{{"project":"{}",{wanted}}}}}"#,
            s.image("tool"),
            s.archive("base"),
            s.project()
        )
    };
    for (wanted, text) in [
        (r#""os":"debian:12","compilers":["gcc-12"]"#, "lacks gcc-12"),
        (r#""os":"debian:13""#, "is `debian:12`, not `debian:13`"),
    ] {
        let refused = build(&s, &plan(wanted));
        refused.fails("imgbuild", 5, text);
        assert_eq!(traces(&s), before, "{refused}");
    }
}

#[test]
fn what_is_registered_keeps_its_place_and_tag() {
    let s = Sandbox::new();
    let plan = with_base(&s);
    recipe(&s, "RUN echo one > /built");
    let registry = s.read("image-registry.yml");
    let (name, tag) = (s.image("tool"), format!("{}-own:7", s.project()));
    s.write(
        "image-registry.yml",
        format!(
            "{registry}  - name: {name} # ours\n    file: images/own place.tar\n    docker_tag: {tag}\n    \
             os: 'debian:12'\n    architecture: amd64\n    pinned: true\n"
        ),
    );
    build(&s, &plan).ok().stdout("images/own place.tar\n");
    assert!(engine().has(&tag) && !engine().has(&format!("{name}:latest")));
    s.forget(&tag);
    s.run("imgload", [&name]).ok().stdout(&format!("{tag}\n"));
    let registry = s.read("image-registry.yml");
    for line in [
        "# ours\n",
        "os: 'debian:12'\n",
        "pinned: true\n",
        "fingerprint: ",
    ] {
        assert!(registry.contains(line), "{line} is not in\n{registry}");
    }
}

#[test]
fn a_ready_image_is_passed_through_if_it_is_there() {
    let s = Sandbox::without_engine();
    let (path, missing) = (s.archive("base"), s.archive("none"));
    s.write(&path, "");
    s.write("image-registry.yml", "version: 1.0\nimages: []\n");
    let ready = |path: &str, flag: &str| format!("{{\"best_image_path\":\"{path}\"{flag}}}");
    for flag in ["", ",\"needs_build\":false", ",\"needs_build\":\"false\""] {
        build(&s, &ready(&path, flag))
            .ok()
            .silent()
            .stdout(&format!("{path}\n"));
    }
    build(&s, &ready(&missing, "")).fails("imgbuild", 4, &missing);
    build(&s, &ready("/etc/passwd", "")).fails("imgbuild", 3, "outside");
    let two = format!("[{},{}]", ready(&missing, ""), ready(&path, ""));
    s.command("imgbuild")
        .args(["--keep-going", "-0"])
        .input(two)
        .run()
        .code(4)
        .stdout(&format!("{path}\0"));
    s.write("plan.json", ready(&path, ""));
    s.sh("imgbuild plan.json plan.json | true; imgbuild plan.json | head -0")
        .ok()
        .silent();
    build(&s, "").fails("imgbuild", 3, "did the command before it fail?");
    build(&s, "[]").fails("imgbuild", 3, "holds no plan");
    for text in ["", "\n", "[]"] {
        s.write("empty.json", text);
        s.run("imgbuild", ["empty.json"])
            .fails("imgbuild", 3, "empty.json: holds no plan");
    }
    s.run("imgbuild", ["images"])
        .fails("imgbuild", 3, "is a folder");
    s.command("imgbuild")
        .arg("--rebuild")
        .input(ready(&path, ""))
        .run()
        .ok()
        .stdout(&format!("{path}\n"))
        .stderr_has("asks for no build");
}

#[test]
fn printing_needs_no_engine_and_asks_for_no_base() {
    let s = Sandbox::without_engine();
    for (base, family) in [("debian:12", "apt-get"), ("our-base:3", "apt-get")] {
        let plan = format!(
            r#"{{"name":"{}","base_image":"{base}","missing":{{"packages":["hello"]}}}}"#,
            s.image("tool")
        );
        let printed = s
            .command("imgbuild")
            .arg("--print-dockerfile")
            .input(plan)
            .run();
        printed.ok().silent();
        assert!(
            printed
                .stdout
                .contains(&format!("ARG BASE_IMAGE={base}\nFROM ${{BASE_IMAGE}}\n"))
                && printed.stdout.contains(family),
            "{printed}"
        );
    }
    assert!(s.files("").is_empty());
}

#[test]
fn hostile_names_reach_no_build_file() {
    let s = Sandbox::without_engine();
    for package in [
        "hello; rm -rf /",
        "--allow-unauthenticated",
        "$(id)",
        "a\\nRUN id",
        "../etc",
    ] {
        let plan = format!(
            r#"{{"name":"{}","base_image":"debian:12","missing":{{"packages":["{package}"]}}}}"#,
            s.image("tool")
        );
        s.command("imgbuild")
            .arg("--print-dockerfile")
            .input(plan)
            .run()
            .fails("imgbuild", 3, "");
    }
}

/// The real thing: a package from Debian's mirror, on a real Debian.
#[test]
fn installs_packages_on_a_real_debian() {
    let s = Sandbox::new();
    s.run(
        "imgsave",
        ["--project", s.project(), "--variant", "base", debian_base()],
    )
    .ok();
    let (name, base) = (s.image("hello"), s.archive("base"));
    s.write("plan.json", format!(r#"{{"name":"{name}","best_base_image_path":"{base}","missing":{{"packages":["hello"]}}}}"#));
    let outcome = s.sh("imgbuild < plan.json | imgload");
    let reference = outcome.ok().line();
    let said = engine().read(&["run", "--rm", "--network", "none", reference, "hello"]);
    assert_eq!(said.as_deref(), Some("Hello, world!"), "{outcome}");

    // What is in the image is in the registry, so that the next plan finds it.
    s.write(
        "req.yml",
        format!(
            "project: {}\nos: debian:12\npackages: [hello]\n",
            s.project()
        ),
    );
    let plan = s.run("imgplan", ["req.yml"]).ok().json();
    assert_eq!(
        plan[0]["best_image_path"],
        s.archive("hello").as_str(),
        "{plan:?}"
    );
}

#[test]
fn the_store_itself_is_no_input_of_a_build() {
    let s = Sandbox::new();
    s.write(
        "Dockerfile",
        "FROM scratch\nCOPY os-release /etc/os-release\n",
    );
    let os_release =
        |more: &str| format!("ID=debian\nVERSION_ID=\"12\"\n# {} {more}\n", s.project());
    s.write("os-release", os_release("once"));
    let name = s.image("tool");
    let plan =
        format!(r#"{{"name":"{name}","build":{{"dockerfile":"Dockerfile","context":"."}}}}"#);
    let built = |expected: bool| {
        let outcome = s.command("imgbuild").arg("--json").input(&*plan).run();
        assert_eq!(outcome.ok().json()[0]["built"], expected, "{outcome:?}");
    };
    built(true);
    s.run("imgload", [&name]).ok();
    built(false);
    s.write("os-release", os_release("again"));
    built(true);
}
