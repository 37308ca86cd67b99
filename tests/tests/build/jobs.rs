//! Several plans at a time.

use super::*;

/// A plan for a variant, on an archive, with one step.
fn plan(s: &Sandbox, variant: &str, base: &str, job: &str, run: &str) -> String {
    format!(
        r#"{{"name":"{}","job":"{job}","needs_build":true,"best_base_image_path":"{}","build":{{"steps":[{{"run":"{run}"}}]}}}}"#,
        s.image(variant),
        s.archive(base)
    )
}

/// Whether a line is a step's own output, prefixed with the name of the image: BuildKit puts the step's number and the
/// seconds between.
fn is_said_by(line: &str, image: &str, word: &str) -> bool {
    let said = line
        .strip_prefix(image)
        .and_then(|rest| rest.strip_prefix(": "));
    let Some(timed) = said.and_then(|said| said.strip_prefix('#')) else {
        return said == Some(word);
    };
    let mut parts = timed.splitn(3, ' ');
    let number = parts.next().is_some_and(|part| part.parse::<u32>().is_ok());
    let seconds = parts.next().is_some_and(|part| part.parse::<f64>().is_ok());
    number && seconds && parts.next() == Some(word)
}

fn jobs(s: &Sandbox, words: &[&str], plans: &[String]) -> pipeline_tests::Outcome {
    let command = s.command("imgbuild").args(["--jobs", "4"]).args(words);
    command.input(plans.join("\n")).run()
}

#[test]
fn a_matrix_keeps_its_order_and_builds_each_image_once_and_bases_first() {
    let s = Sandbox::new();
    with_base(&s);
    // `a` occurs twice, `d` stands on `c`, which comes after it, and the first takes longest.
    let plans = [
        plan(
            &s,
            "a",
            "base",
            "A",
            "echo step-of-a; i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done",
        ),
        plan(&s, "d", "c", "D", "cat /of-c; echo step-of-d"),
        plan(&s, "b", "base", "B", "echo step-of-b"),
        plan(
            &s,
            "a",
            "base",
            "A again",
            "echo step-of-a; i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done",
        ),
        plan(&s, "c", "base", "C", "echo step-of-c; echo c > /of-c"),
    ];
    let outcome = jobs(&s, &[], &plans);
    let expected = ["a", "d", "b", "a", "c"].map(|variant| s.archive(variant) + "\n");
    outcome.ok().stdout(&expected.concat());
    for variant in ["a", "b", "c", "d"] {
        let (image, word) = (s.image(variant), format!("step-of-{variant}"));
        let lines = outcome.stderr.lines();
        let count = lines.filter(|line| is_said_by(line, &image, &word)).count();
        assert_eq!(count, 1, "{outcome}");
    }
    let loads = outcome
        .stderr
        .matches(&format!("loading {}", s.archive("base")))
        .count();
    assert_eq!(loads, 1, "the base is loaded once:\n{outcome}");
    assert!(
        s.read("image-registry.yml")
            .contains(&format!("base: {}", s.image("c")))
    );

    let again = jobs(&s, &["--json"], &plans).ok().json();
    let field = |name: &str| {
        again
            .iter()
            .map(|line| line[name].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(field("job"), ["A", "D", "B", "A again", "C"]);
    assert!(field("built").iter().all(|built| built == false));
    s.write("plans.json", plans.join("\n"));
    let pipe = s.sh("imgbuild --jobs 4 plans.json | imgload");
    let names = ["a", "d", "b", "a", "c"].map(|variant| s.image(variant) + ":latest\n");
    pipe.ok().stdout(&names.concat());
}

#[test]
fn what_a_build_file_names_is_built_first() {
    let s = Sandbox::new();
    with_base(&s);
    // `copies` comes first and copies a file out of `tools`, which is no plan's base.
    s.write(
        "copies.Dockerfile",
        format!(
            "ARG BASE_IMAGE\nFROM ${{BASE_IMAGE}}\nCOPY --from={} /tool /tool\n",
            s.image("tools")
        ),
    );
    let copies = serde_json::json!({
        "name": s.image("copies"), "best_base_image_path": s.archive("base"),
        "build": { "dockerfile": "copies.Dockerfile" },
    });
    let plans = [
        copies.to_string(),
        plan(&s, "tools", "base", "T", "sleep 1; echo tool > /tool"),
    ];
    let looked = jobs(&s, &["-n"], &plans);
    looked.ok().stdout("");
    let built = jobs(&s, &["--quiet"], &plans);
    let expected = ["copies", "tools"].map(|variant| s.archive(variant) + "\n");
    built.ok().stdout(&expected.concat());
    s.run("imgcat", [&s.image("copies"), "tool"])
        .ok()
        .stdout("tool\n");
}

#[test]
fn after_a_failure_it_says_who_is_affected() {
    let s = Sandbox::new();
    with_base(&s);
    let plans = [
        plan(&s, "a", "base", "A", "echo a"),
        plan(&s, "c", "bad", "GCC 15: C++20", "echo c"),
        plan(&s, "bad", "base", "Bad", "echo the last words; false"),
        plan(&s, "bad", "base", "Bad too", "echo the last words; false"),
        plan(&s, "b", "base", "B", "echo b"),
    ];
    let (bad, c) = (s.image("bad"), s.image("c"));
    let affected = format!("{bad}: failed; affected: GCC 15: C++20; Bad; Bad too");
    let outcome = jobs(&s, &["--keep-going"], &plans);
    let expected = ["a", "b"].map(|variant| s.archive(variant) + "\n");
    outcome
        .code(5)
        .stdout(&expected.concat())
        .stderr_has(&affected);
    outcome.stderr_has(&format!(
        "imgbuild: {c}: not built, because `{bad}` was not built\n"
    ));
    let failures = outcome
        .stderr
        .matches(&format!("imgbuild: {bad}: `docker build` failed"))
        .count();
    assert!(failures == 1 || engine().program() != "docker", "{outcome}");

    let outcome = jobs(&s, &[], &plans[..3]);
    outcome
        .code(5)
        .stderr_has(&format!("{bad}: failed; affected: GCC 15: C++20; Bad\n"));
    // A plan that cannot be read fails at its position, and one name cannot be built in two ways.
    let other = plan(&s, "a", "base", "A2", "echo another a");
    let text = format!("{}\n{{\"version\":7}}\n{other}\n{}", plans[0], plans[4]);
    let outcome = jobs(&s, &["--keep-going"], &[text]);
    outcome.code(3).stdout(&(s.archive("b") + "\n"));
    outcome.stderr_has("A (plan 1) and A2 (plan 2) have different `build`");
    jobs(&s, &[], &[]).fails("imgbuild", 3, "nothing on standard input");
}
