//! Dry runs, also with bases that do not exist yet.

use super::*;

/// A plan for a variant, with one step, on `base`.
fn plan(s: &Sandbox, variant: &str, base: &str, run: &str) -> String {
    format!(
        r#"{{"name":"{}","needs_build":true,{base},"build":{{"steps":[{{"run":"{run}"}}]}}}}"#,
        s.image(variant)
    )
}

fn archive(s: &Sandbox, variant: &str) -> String {
    format!(r#""best_base_image_path":"{}""#, s.archive(variant))
}

fn run(s: &Sandbox, words: &[&str], plans: &[String]) -> pipeline_tests::Outcome {
    let command = s.command("imgbuild").args(words);
    command.input(plans.join("\n")).run()
}

/// The expected lines about the images.
fn said(s: &Sandbox, images: &[(&str, &[&str])]) -> String {
    let lines = images.iter().map(|(variant, lines)| {
        let lines: String = lines.iter().map(|line| format!("  {line}\n")).collect();
        format!("imgbuild: {}:\n{lines}", s.image(variant))
    });
    lines.collect()
}

#[test]
fn a_matrix_is_looked_at_before_anything_of_it_is_there() {
    let s = Sandbox::new();
    with_base(&s);
    let tag = format!(r#""base_image":"{}""#, s.image("c"));
    let [c, d, e, f] = [
        plan(&s, "c", &archive(&s, "base"), "true"),
        plan(&s, "d", &archive(&s, "c"), "true"),
        plan(&s, "e", &tag, "true"),
        plan(&s, "f", &archive(&s, "d"), "true"),
    ];
    let [on_base, on_c, on_d] =
        ["base", "c", "d"].map(|variant| format!("on {}", s.image(variant)));
    let first = |on: &str| format!("{on}, which would be built first");
    let before = traces(&s);
    // Together, in any order, and each image once.
    let plans = [&f, &d, &c, &e, &d].map(Clone::clone);
    let outcome = run(&s, &["-n", "--jobs", "4"], &plans);
    let all = said(
        &s,
        &[
            ("f", &["new", &first(&on_d)]),
            ("d", &["new", &first(&on_c)]),
            ("c", &["new", &on_base]),
            ("e", &["new", &first(&on_c)]),
            ("d", &["built once, as above"]),
        ],
    );
    assert_eq!(outcome.ok().stdout("").stderr, all, "{outcome}");
    // One after the other, too.
    let in_order = [&c, &d, &c, &e].map(Clone::clone);
    let outcome = run(&s, &["-n"], &in_order);
    let all = said(
        &s,
        &[
            ("c", &["new", &on_base]),
            ("d", &["new", &first(&on_c)]),
            ("c", &["built once, as above"]),
            ("e", &["new", &first(&on_c)]),
        ],
    );
    assert_eq!(outcome.ok().stderr, all, "{outcome}");
    let outcome = run(&s, &["-n"], &[d.clone(), c.clone()]);
    let all = said(
        &s,
        &[("d", &["new", &first(&on_c)]), ("c", &["new", &on_base])],
    );
    assert_eq!(outcome.ok().stderr, all, "{outcome}");
    // A base that no plan builds is missing, so the images on it cannot be built.
    let lost = plan(&s, "lost", &archive(&s, "none"), "true");
    let on_lost = plan(&s, "more", &archive(&s, "lost"), "true");
    for words in [&["-n"][..], &["-n", "--jobs", "4"]] {
        run(&s, words, std::slice::from_ref(&lost)).fails("imgbuild", 4, &s.archive("none"));
    }
    let outcome = run(
        &s,
        &["-n", "--jobs", "4", "--keep-going"],
        &[lost, on_lost, c.clone()],
    );
    outcome
        .code(4)
        .stderr_has("not built, because")
        .stderr_has(&said(&s, &[("c", &["new", &on_base])]));
    // The build files, too.
    let outcome = run(
        &s,
        &["--print-dockerfile", "--jobs", "4"],
        &[d.clone(), c.clone()],
    );
    let text = &outcome.ok().stdout;
    let from = |variant| format!("ARG BASE_IMAGE={}:latest\n", s.image(variant));
    let (on_c, on_base) = (text.find(&from("c")), text.find(&from("base")));
    assert!(on_c.is_some() && on_c < on_base, "{outcome}");
    for plans in [[c.clone(), d.clone()], [d, c]] {
        run(&s, &["--print-dockerfile"], &plans).ok();
    }
    assert_eq!(traces(&s), before, "nothing was done");
}

#[test]
fn what_stands_on_a_changed_image_is_built_again() {
    let s = Sandbox::new();
    with_base(&s);
    let plans = |run: &str| {
        [
            plan(&s, "c", &archive(&s, "base"), run),
            plan(&s, "d", &archive(&s, "c"), "true"),
        ]
    };
    run(&s, &["-q"], &plans("true")).ok();
    let outcome = run(&s, &["-n"], &plans("true"));
    let all = said(&s, &[("c", &["up to date"]), ("d", &["up to date"])]);
    assert_eq!(outcome.ok().stderr, all);
    let on_base = format!("on {}", s.image("base"));
    let on_c = format!("on {}, which would be built first", s.image("c"));
    for words in [&["-n"][..], &["-n", "--jobs", "2"]] {
        let outcome = run(&s, words, &plans("echo"));
        let all = said(
            &s,
            &[
                ("c", &["step 1 changed", &on_base]),
                ("d", &["the base changes", &on_c]),
            ],
        );
        assert_eq!(outcome.ok().stderr, all, "{outcome}");
    }
    // The build does the same.
    let outcome = run(&s, &["-q", "--explain"], &plans("echo"));
    let all = said(
        &s,
        &[("c", &["step 1 changed"]), ("d", &["the base changed"])],
    );
    assert_eq!(outcome.ok().stderr, all, "{outcome}");
    // One name cannot be built in two ways.
    let [c, _] = plans("true");
    let [other, _] = plans("echo other");
    let outcome = run(&s, &["-n"], &[c, other]);
    outcome.fails("imgbuild", 3, "plan 1 and plan 2 have different");
}

#[test]
fn an_image_that_was_found_must_be_there() {
    let s = Sandbox::without_engine();
    s.write("image-registry.yml", "version: 1.0\nimages: []\n");
    let plan = format!(r#"{{"best_image_path":"{}"}}"#, s.archive("base"));
    run(&s, &["-n"], &[plan]).fails("imgbuild", 4, "no such file");
}

#[test]
fn a_match_is_not_built_again() {
    let s = Sandbox::new();
    with_base(&s);
    let path = s.archive("base");
    let plan = [format!(r#"{{"best_image_path":"{path}"}}"#)];
    let says = format!("warning: {path}: the plan has a match and needs no build");
    for words in [
        &["--rebuild"][..],
        &["-n", "--rebuild"],
        &["-n", "--no-cache"],
    ] {
        run(&s, words, &plan).ok().stderr_has(&says);
    }
    run(&s, &["-n"], &plan).ok().stderr_lacks("warning");
}
