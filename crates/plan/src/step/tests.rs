use super::*;

fn read(json: &str) -> Result<Step, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

#[test]
fn steps_are_what_people_write_and_print_as_the_same() {
    let copy = |from: &[&str], to: &str| StepAction::Copy {
        from: from.iter().map(|from| (*from).to_owned()).collect(),
        to: to.into(),
    };
    let shell = |text: &str| StepAction::Shell(text.into());
    let probe = |seconds, on_failure| {
        Cache::Probe(Probe {
            command: vec!["git".into(), "ls-remote".into()],
            timeout: Duration::from_secs(seconds),
            on_failure,
        })
    };
    for (json, action, cache) in [
        (r#"{"run":"make"}"#, shell("make"), Cache::Default),
        (
            r#"{"run":"a\nb\n","cache":null}"#,
            shell("a\nb"),
            Cache::Default,
        ),
        (
            r#"{"run":["make",4],"cache":"default"}"#,
            StepAction::Program(vec!["make".into(), "4".into()]),
            Cache::Default,
        ),
        (
            r#"{"copy":"a b /c"}"#,
            copy(&["a", "b"], "/c"),
            Cache::Default,
        ),
        (
            r#"{"copy":["a b","/c"]}"#,
            copy(&["a b"], "/c"),
            Cache::Default,
        ),
        (
            r#"{"copy":{"from":"a b","to":"/c"},"cache":"always"}"#,
            copy(&["a b"], "/c"),
            Cache::Always,
        ),
        (r#"{"run":"x","cache":"never"}"#, shell("x"), Cache::Never),
        (
            r#"{"run":"x","cache":{"max_age":"7d"}}"#,
            shell("x"),
            Cache::MaxAge(Duration::from_secs(7 * 86400)),
        ),
        (
            r#"{"run":"x","cache":{"key":"v1"}}"#,
            shell("x"),
            Cache::Key("v1".into()),
        ),
        (
            r#"{"run":"x","cache":{"files":"*.lock"}}"#,
            shell("x"),
            Cache::Files(vec!["*.lock".into()]),
        ),
        (
            r#"{"run":"x","cache":{"probe":["git","ls-remote"]}}"#,
            shell("x"),
            probe(30, OnFailure::Error),
        ),
        (
            r#"{"run":"x","cache":{"probe":["git","ls-remote"],"timeout":"5s","on_failure":"reuse"}}"#,
            shell("x"),
            probe(5, OnFailure::Reuse),
        ),
    ] {
        let step = read(json).expect(json);
        assert_eq!(step, Step { action, cache }, "{json}");
        let printed = serde_json::to_string(&step).expect("prints");
        assert_eq!(read(&printed), Ok(step), "{printed}");
    }
}

#[test]
fn what_is_wrong_with_a_step_is_said() {
    for (json, words) in [
        ("7", "a step, like"),
        ("{}", "either `run` or `copy`"),
        (r#"{"run":"a","copy":"b c"}"#, "either `run` or `copy`"),
        (r#"{"run":" "}"#, "`run` of a step must be"),
        (r#"{"run":[]}"#, "`run` of a step is empty"),
        (r#"{"run":"a\u0000"}"#, "NUL"),
        (r#"{"run":"a","cahce":"never"}"#, "cahce"),
        (r#"{"copy":"a"}"#, "`copy` of a step must be"),
        (r#"{"copy":{"to":"a"}}"#, "`copy` of a step must be"),
        (r#"{"copy":{"from":"a","to":"b","x":1}}"#, "unknown key `x`"),
        (r#"{"run":"a","cache":"sometimes"}"#, "not `sometimes`"),
        (r#"{"run":"a","cache":{}}"#, "`cache` of a step must be"),
        (r#"{"run":"a","cache":7}"#, "`cache` of a step must be"),
        (
            r#"{"run":"a","cache":{"key":"a","max_age":"1d"}}"#,
            "one of",
        ),
        (
            r#"{"run":"a","cache":{"key":"a","on_failure":"reuse"}}"#,
            "without a `probe`: unknown key `on_failure`",
        ),
        (r#"{"run":"a","cache":{"max_age":"7"}}"#, "has no unit"),
        (r#"{"run":"a","cache":{"max_age":"0"}}"#, "longer than zero"),
        (r#"{"run":"a","cache":{"probe":[]}}"#, "is empty"),
        (
            r#"{"run":"a","cache":{"probe":["a"],"on_failure":"pray"}}"#,
            "`on_failure`",
        ),
        (r#"{"run":"a","cache":{"files":[]}}"#, "is empty"),
        (r#"{"run":"a","cache":{"files":[{}]}}"#, "must be text"),
    ] {
        let error = read(json).expect_err(json);
        assert!(error.contains(words), "{json}: {error}");
    }
}
