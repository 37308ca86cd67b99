//! Explanations of builds, before and after.

use super::*;

/// The lines about the image `tool`.
fn said(s: &Sandbox, words: &[&str], plan: &str) -> Vec<String> {
    let outcome = s
        .command("imgbuild")
        .args(words)
        .args(["--explain", "-q"])
        .input(plan)
        .run();
    let lines: Vec<_> = outcome.ok().stderr.lines().map(str::to_owned).collect();
    assert_eq!(
        lines[0],
        format!("imgbuild: {}:", s.image("tool")),
        "{outcome}"
    );
    lines[1..]
        .iter()
        .map(|line| line.trim().to_owned())
        .collect()
}

fn because(s: &Sandbox) -> String {
    let registry = s.read("image-registry.yml");
    let mut lines = registry.lines().map(str::trim);
    let line = lines.find_map(|line| line.strip_prefix("built_because: "));
    line.unwrap_or_default()
        .trim_matches(['"', '\''])
        .to_owned()
}

#[test]
fn every_input_that_changed_is_named() {
    let s = Sandbox::new();
    with_base(&s);
    recipe(&s, "ARG WHO\nRUN true");
    s.write("files/a b", "1");
    s.write("files/c", "1");
    let plan = |args: &str, step: &str| {
        format!(
            r#"{{"name":"{}","best_base_image_path":"{}","build":{{"context":"files","args":{{{args}}},"steps":[{step}]}}}}"#,
            s.image("tool"),
            s.archive("base")
        )
    };
    let (who, step) = (r#""WHO":"1""#, r#"{"run":"true","cache":{"key":"1"}}"#);
    let first = plan(who, step);
    let on = format!("on {}", s.image("base"));
    assert_eq!(said(&s, &["-n"], &first), ["new", &on]);
    assert!(
        !s.read("image-registry.yml").contains(&s.image("tool")),
        "nothing was built"
    );
    assert_eq!(said(&s, &[], &first), ["new"]);
    assert_eq!(because(&s), "new");
    assert_eq!(said(&s, &[], &first), ["up to date"]);
    assert_eq!(said(&s, &["-n", "--rebuild"], &first), ["--rebuild", &on]);

    let check = |plan: &str, expected: &[&str]| {
        let would_be = said(&s, &["--dry-run"], plan);
        assert_eq!(would_be, [expected, &[&on]].concat());
        assert_eq!(said(&s, &[], plan), expected);
        assert_eq!(because(&s), expected.join(", "));
        assert_eq!(said(&s, &[], plan), ["up to date"]);
    };
    s.write("files/a b", "2");
    s.write("files/d", "1");
    check(&first, &["file a b changed", "file d is new"]);
    check(&plan(r#""WHO":"2""#, step), &["argument WHO changed"]);
    check(&first, &["argument WHO changed"]);
    let step = r#"{"run":"true","cache":{"key":"2"}}"#;
    check(&plan(who, step), &["step 1: its key changed"]);
    let step = r#"{"run":"echo","cache":{"key":"2"}}"#;
    let plan = plan(who, step);
    check(&plan, &["step 1 changed"]);
    recipe(&s, "ARG WHO\nRUN echo");
    check(&plan, &["the build file changed"]);
    let base = Image::new().busybox().build(&s, "base");
    s.run("imgsave", [&base]).ok();
    check(&plan, &["the base changed"]);
    s.remove(&s.archive("tool"));
    assert_eq!(
        said(&s, &["-n"], &plan),
        ["its archive is missing or damaged", &on]
    );
}

#[test]
fn plans_that_need_no_build_are_up_to_date() {
    let s = Sandbox::without_engine();
    let path = s.archive("base");
    s.write(&path, "");
    s.write("image-registry.yml", "version: 1.0\nimages: []\n");
    let plan = format!(r#"{{"best_image_path":"{path}"}}"#);
    for (words, stdout) in [
        (&["--explain"][..], format!("{path}\n")),
        (&["-n"], String::new()),
    ] {
        let outcome = s.command("imgbuild").args(words).input(&*plan).run();
        outcome.ok().stdout(&stdout).stderr_has("up to date");
    }
}
