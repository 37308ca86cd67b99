//! Plans for an architecture that the engine can't build.

use super::*;

/// A plan for the image `variant`.
fn plan(s: &Sandbox, variant: &str, architecture: &str, base: &str, build: &str) -> String {
    format!(
        r#"{{"name":"{}","job":"{variant}","requirements":{{"project":"{}","os":"debian:12","architecture":"{architecture}"}},{base},"build":{{"context":"files",{build}}}}}"#,
        s.image(variant),
        s.project()
    )
}

#[test]
fn one_foreign_plan_is_refused_before_others_are_built() {
    if !sees_emulators() {
        return;
    }
    let s = Sandbox::new();
    with_base(&s);
    s.write("files/data", "data");
    let own = format!(r#""best_base_image_path":"{}""#, s.archive("base"));
    let nowhere = r#""base_image":"no-such-registry.example/debian:12""#;
    let run = r#""steps":[{"run":"true"}]"#;
    // No test machine has this architecture, or an emulator for it.
    for base in [own.as_str(), nowhere] {
        let plans = [
            plan(&s, "one", "amd64", &own, run),
            plan(&s, "foreign", "s390x", base, run),
            plan(&s, "two", "amd64", &own, run),
        ];
        let before = s.read("image-registry.yml");
        for words in [&[][..], &["--jobs", "2"], &["--rebuild"]] {
            let command = s.command("imgbuild").args(words);
            let refused = command.input(plans.join("\n")).run();
            refused.fails("imgbuild", 5, "cannot run s390x programs");
            refused.stderr_has(&s.image("foreign"));
            refused.stderr_has("binfmt_misc").stderr_lacks("building");
            assert_eq!(s.read("image-registry.yml"), before, "{refused}");
        }
    }
    let plans = [
        plan(&s, "one", "amd64", &own, run),
        plan(&s, "foreign", "s390x", &own, run),
        plan(&s, "two", "amd64", &own, run),
    ];
    let all = s.command("imgbuild").arg("--keep-going");
    let all = all.input(plans.join("\n")).run();
    all.code(5).stderr_has("cannot run s390x programs");
    all.stdout(&format!("{}\n{}\n", s.archive("one"), s.archive("two")));
}

#[test]
fn a_foreign_plan_that_runs_nothing_is_built_with_others() {
    let s = Sandbox::new();
    s.write("files/data", "data");
    s.write("Dockerfile", "FROM scratch\nCOPY data /data\n");
    let file = r#""dockerfile":"Dockerfile""#;
    let first = plan(
        &s,
        "first-s390x",
        "s390x",
        r#""base_image":"scratch""#,
        file,
    );
    let on = format!(r#""best_base_image_path":"{}""#, s.archive("first-s390x"));
    let second = |step: &str| {
        let steps = format!(r#""steps":[{step}]"#);
        format!(
            "{first}\n{}",
            plan(&s, "second-s390x", "s390x", &on, &steps)
        )
    };
    // If an image of the same call is the base, the error comes before that is built.
    if sees_emulators() {
        let refused = build(&s, &second(r#"{"run":"true"}"#));
        refused.fails("imgbuild", 5, "cannot run s390x programs");
        refused.stderr_lacks("building");
    }
    let paths = format!(
        "{}\n{}\n",
        s.archive("first-s390x"),
        s.archive("second-s390x")
    );
    for _ in 0..2 {
        let built = build(&s, &second(r#"{"copy":"data /more"}"#));
        built.ok().stdout(&paths);
    }
}

#[test]
fn a_name_that_says_another_architecture_is_refused() {
    let s = Sandbox::new();
    let base = r#""base_image":"scratch""#;
    s.write("files/data", "data");
    s.write("Dockerfile", "FROM scratch\nCOPY data /data\n");
    let file = r#""dockerfile":"Dockerfile""#;
    let copy = r#""steps":[{"copy":"data /data"}]"#;
    let foreign = s.image("base-s390x");
    build(&s, &plan(&s, "base-s390x", "s390x", base, file)).ok();
    let before = s.read("image-registry.yml");
    let on = format!("images/{}/{foreign}.tar", s.project());
    let bare = |variant: &str| {
        format!(
            r#"{{"name":"{}","best_base_image_path":"{on}","build":{{"context":"files",{copy}}}}}"#,
            s.image(variant)
        )
    };
    for plan in [bare("c"), plan(&s, "c", "s390x", base, file)] {
        let refused = build(&s, &plan);
        refused.fails(
            "imgbuild",
            3,
            "the name is for x86_64, but the image would be for s390x",
        );
        refused.stderr_has(&format!("hint: use the name `{}-s390x`", s.image("c")));
        refused.stderr_lacks("building").stdout("");
        assert_eq!(s.read("image-registry.yml"), before);
    }
    build(&s, &bare("c-s390x")).ok();
}
