//! The build file, its context, and the result.

use pipeline_tests::debian_base;

use super::*;

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

/// A package from Debian's mirror, on a real Debian.
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

    // The registry lists the image's contents, so the next plan finds it.
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
