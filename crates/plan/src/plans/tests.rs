use std::io::Write;

use super::*;

fn read(text: &str) -> Vec<Result<Plan, String>> {
    Plans::new(text.as_bytes())
        .map(|plan| plan.map_err(|error| error.to_string()))
        .collect()
}

#[test]
fn plans_in_the_docs_are_plans() {
    for text in [
        include_str!("../../../../docs/plans.md"),
        include_str!("../../../../docs/build-files.md"),
    ] {
        let examples: Vec<_> = text.split("```json\n").skip(1).collect();
        assert!(!examples.is_empty());
        for example in examples {
            let example = example.split("```").next().unwrap_or_default();
            let plans = read(example);
            assert!(matches!(plans[..], [Ok(_)]), "{example}: {plans:?}");
        }
    }
}

#[test]
fn reads_hand_written_plans() {
    let one = r#"{"best_image_path":"images/x.tar","x-somebody":{"elses":1}}"#;
    let two = r#"{"name":"x-debian-12-base","base_image":"debian:12","missing":{"packages":"git"},"needs_build":"true"}"#;
    let forms = [
        format!("{one}\n{two}\n"),
        format!("[{one},{two}]"),
        format!("[{one}]\n[\n{two}]"),
        format!("{one}{two}"),
    ];
    for text in forms {
        let plans: Vec<_> = read(&text)
            .into_iter()
            .map(|plan| plan.expect(&text))
            .collect();
        assert_eq!(
            plans.iter().map(Plan::needs_build).collect::<Vec<_>>(),
            [false, true],
            "{text}"
        );
        assert_eq!(plans[1].to_install().packages.len(), 1);
    }
    assert!(read("").is_empty() && read("\n \n").is_empty() && read("[]").is_empty());
}

#[test]
fn a_name_says_what_its_requirements_do_not() {
    let wanted = |text: &str| {
        let text = format!(r#"{{"name":"x-debian-12-git","requirements":{text}}}"#);
        let plan = read(&text).remove(0);
        plan.map(|plan| plan.requirements.expect("requirements"))
    };
    let found = wanted(r#"{"packages":["git"]}"#).expect("complete");
    assert_eq!((found.project.as_str(), found.packages.len()), ("x", 1));
    assert_eq!(found.os.to_string(), "debian:12");
    let found = wanted(r#"{"project":"y","os":null}"#).expect("complete");
    assert_eq!(found.project, "y");
    let wrong = wanted(r#"{"packages":7}"#).expect_err("wrong");
    assert!(wrong.contains("line 1 column"), "{wrong}");
    let nameless = read(r#"{"best_image_path":"x","requirements":{"packages":[]}}"#).remove(0);
    assert!(nameless.is_err());
}

#[test]
fn what_a_plan_needs() {
    let table = [
        (r#"{"best_image_path":"x.tar"}"#, ""),
        (r#"{"best_image_path":"x.tar","needs_build":"false"}"#, ""),
        (r#"{"name":"x","needs_build":true}"#, ""),
        (
            r#"{"name":"x","best_image_path":"x.tar","needs_build":"true"}"#,
            "",
        ),
        (
            r#"{"name":null,"best_image_path":"x.tar","needs_build":null,"marks":null,"build":null,"missing":null,"version":null}"#,
            "",
        ),
        ("{}", "has neither `best_image_path` nor `name`"),
        (
            r#"{"base_image":"debian:12"}"#,
            "has neither `best_image_path` nor `name`",
        ),
        (
            r#"{"name":"x","needs_build":false}"#,
            "`x` needs no build, but has no `best_image_path`",
        ),
        (
            r#"{"best_image_path":"x.tar","needs_build":true}"#,
            "needs a build, but has no `name`",
        ),
    ];
    for (text, says) in table {
        match (read(text).remove(0), says) {
            (Ok(_), "") => {}
            (Err(error), says) if !says.is_empty() => {
                assert!(error.contains(says), "{text}: {error}");
                assert!(error.ends_with(" at line 1 column 1"), "{text}: {error}");
            }
            (read, _) => panic!("{text}: {read:?}"),
        }
    }
}

#[test]
fn refusals_say_where() {
    let table = [
        ("{", "line 1 column 1"),
        (
            "nonsense",
            "expected an object or a list of objects at line 1 column 1",
        ),
        (
            "{\n \"needs_build\": \"maybe\"}",
            "expected true or false at line 2 column 23",
        ),
        ("{\"best_image_path\": 7}", "line 1 column 21"),
        (
            "{\"best_image_path\":\"x\"}\n{\"name\": []}",
            "line 2 column 9",
        ),
        (
            "[{\"best_image_path\":\"x\"},\n {\"name\": []}]",
            "line 2 column 10",
        ),
        ("{\"version\": 2}", "unknown plan version 2"),
        (
            "{\"name\":\"x\",\"base_image\":\"--privileged\"}",
            "image reference",
        ),
        (
            "{\"name\":\"x\",\"missing\":{\"packages\":[\"$(x)\"]}}",
            "package `$(x)`",
        ),
        (
            "{\"nmae\":\"x\"}",
            "unknown key `nmae` (did you mean `name`?) at line 1",
        ),
        (
            "{\"name\":\"x\",\n\"missing\":{\"package\":[]}}",
            "unknown key `package` (did you mean `packages`?) at line 2",
        ),
        (
            "{\"name\":\"x\",\"marks\":{\"extras\":1}}",
            "unknown key `extras` (did you mean `extra`?)",
        ),
        (
            "{\"name\":\"x-debian-12-a\",\"requirements\":{\"tool\":[]}}",
            "unknown key `tool` (did you mean `tools`?)",
        ),
        ("[7]", "expected an object"),
    ];
    for (text, says) in table {
        let last = read(text).pop().expect(text).expect_err(text);
        assert!(last.contains(says), "{text}: {last}");
    }
    let deep = format!("{{\"build\":{{\"steps\":[{{\"run\":{}", "[".repeat(10_000));
    let last = read(&deep).pop().expect("deep").expect_err("deep");
    assert!(last.contains("recursion limit"), "{last}");
}

#[test]
fn wrong_types_are_refused_in_plain_words() {
    let fields = [
        "version",
        "name",
        "job",
        "needs_build",
        "best_image_path",
        "best_base_image_path",
        "base_image",
        "marks",
        "requirements",
        "missing",
        "build",
    ];
    let nested = [
        ("marks", "essential"),
        ("marks", "extra"),
        ("requirements", "project"),
        ("requirements", "os"),
        ("requirements", "architecture"),
        ("requirements", "compilers"),
        ("missing", "tools"),
        ("build", "dockerfile"),
        ("build", "context"),
        ("build", "args"),
        ("build", "steps"),
    ];
    let values = [
        "-1",
        "1.5",
        "4294967296",
        "\"\\u0007\"",
        "[7]",
        "{\"a\":{}}",
        "[[]]",
    ];
    let texts = fields
        .iter()
        .flat_map(|field| values.map(|value| format!("{{\"{field}\":{value}}}")));
    let inner = nested.iter().flat_map(|(outer, field)| {
        values.map(|value| format!("{{\"{outer}\":{{\"{field}\":{value}}}}}"))
    });
    for text in texts.chain(inner) {
        let text = format!("{{\"best_image_path\":\"x\"}} {text}");
        let Err(error) = read(&text).remove(1) else {
            // Texts are names or paths with any contents; steps are unchanged.
            assert!(
                text.contains("\\u0007") || text.contains("steps") || text.contains("\"a\""),
                "{text}"
            );
            continue;
        };
        for word in [
            "u32", "u64", "i64", "Utf8Path", "PathBuf", "Vec", "struct", "enum", "Option", "\u{7}",
        ] {
            assert!(!error.contains(word), "{text}: {error}");
        }
        assert!(error.contains(" at line 1 column "), "{text}: {error}");
    }
}

#[test]
fn a_wrong_plan_does_not_hide_the_next() {
    let text = "{\"best_image_path\":\"a\"}\n{\"name\":7}\n{}\n{\"best_image_path\":\"b\"}\n!\n{\"best_image_path\":\"c\"}\n";
    let read: Vec<_> = read(text).iter().map(Result::is_ok).collect();
    assert_eq!(read, [true, false, false, true, false]);
}

#[test]
fn a_plan_is_handed_on_before_the_next_is_written() {
    for (first, rest) in [("", ""), ("[", ",{}]")] {
        let (reader, mut writer) = std::io::pipe().expect("pipe");
        let mut plans = Plans::new(std::io::BufReader::new(reader));
        let text = format!("{first}{{\"best_image_path\":\"x\"}}");
        writer.write_all(text.as_bytes()).expect("write");
        assert!(plans.next().is_some_and(|plan| plan.is_ok()));
        writer.write_all(rest.as_bytes()).expect("write");
        drop(writer);
        assert_eq!(plans.next().is_none(), rest.is_empty());
        assert!(plans.next().is_none());
    }
}

#[test]
fn a_stream_that_fails_is_no_invalid_plan() {
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("gone"))
        }
    }
    let mut plans = Plans::new(std::io::BufReader::new(Broken));
    assert!(matches!(plans.next(), Some(Err(Error::Read(_)))));
    assert!(plans.next().is_none());
}
