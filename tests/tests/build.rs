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
        .filter(|path| !path.contains("/locks/"))
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
