//! When images are built, and what a failed build leaves.

use super::*;

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
            .filter(|line| line.trim().ends_with("a build ran here") && !line.contains("RUN"))
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
