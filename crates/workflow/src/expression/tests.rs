use proptest::prelude::*;

use super::*;

fn matrix() -> ExprValue {
    let entry = |key: &str, value| (key.to_owned(), value);
    let text = |text: &str| ExprValue::Text(text.into());
    ExprValue::Map(vec![
        entry("compiler", text("gcc")),
        entry("version", ExprValue::Number(15.0)),
        entry("asan", ExprValue::Bool(true)),
        entry("os", text("ubuntu-24.04")),
        entry(
            "container",
            ExprValue::Map(vec![entry("image", text("debian:12"))]),
        ),
        entry("list", ExprValue::List(vec![text("a"), text("B")])),
        entry("ref", ExprValue::Unknown("is known only to GitHub".into())),
    ])
}

#[test]
fn values() {
    for (text, expected) in [
        ("matrix.compiler", "gcc"),
        ("matrix['compiler']", "gcc"),
        ("Matrix.COMPILER", "gcc"),
        ("matrix.container.image", "debian:12"),
        ("matrix.none.none", ""),
        ("matrix.list[1]", "B"),
        ("matrix.list[7]", ""),
        ("matrix[format('{0}', 'os')]", "ubuntu-24.04"),
        ("matrix.none || 'ubuntu-latest'", "ubuntu-latest"),
        ("matrix.os || github.ref", "ubuntu-24.04"),
        ("matrix.none && github.ref", ""),
        ("matrix.asan && 'yes' || 'no'", "yes"),
        ("!matrix.asan && 'yes' || 'no'", "no"),
        ("matrix.compiler == 'GCC'", "true"),
        ("matrix.version == '15'", "true"),
        ("matrix.version >= 14 && matrix.version < 0x10", "true"),
        ("matrix.version != -1.5e1", "true"),
        ("!(1 == 2) == true", "true"),
        ("1 < 2 == true", "true"),
        ("contains(matrix.os, 'UBUNTU')", "true"),
        ("contains(matrix.list, 'b')", "true"),
        ("contains(fromJSON('[\"x\", 15]'), matrix.version)", "true"),
        ("startsWith(matrix.os, 'ubuntu-')", "true"),
        ("endsWith(matrix.os, 'arm')", "false"),
        ("format('{0}-{1}{{}}', matrix.compiler, 15)", "gcc-15{}"),
        ("join(matrix.list, '+')", "a+B"),
        ("join(matrix.list)", "a,B"),
        ("fromJSON('{\"a\": {\"b\": 25.10}}').a.b", "25.1"),
        ("toJSON(matrix.list)", "[\n  \"a\",\n  \"B\"\n]"),
        ("'it''s'", "it's"),
        ("null", ""),
        ("NaN == NaN", "false"),
        ("1 || 2 && 0", "1"),
    ] {
        let found = evaluate(text, Some(&matrix())).map(|value| value.text());
        assert_eq!(found.as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn what_only_github_knows_and_what_nobody_does() {
    for (text, says) in [
        ("github.ref", "is known only to GitHub"),
        ("needs.a.outputs.b", "is known only to GitHub"),
        ("fromJSON(needs.a.outputs.b)[0]", "is known only to GitHub"),
        ("matrix.none || vars.X", "is known only to GitHub"),
        ("matrix.ref == 'x'", "is known only to GitHub"),
        ("format('{0}', matrix)", "is known only to GitHub"),
        ("hashFiles('x')", "is known only to GitHub"),
        ("always()", "is known only to GitHub"),
        ("foo.bar", "can't be read: unknown name `foo`"),
        ("foo('x')", "can't be read: unknown function `foo`"),
        (
            "contains('x')",
            "can't be read: wrong number of arguments for `contains`",
        ),
        (
            "fromJSON('x')",
            "can't be read: the argument of `fromJSON` is not JSON",
        ),
        (
            "format('{1}', 0)",
            "can't be read: `{1}` is not a valid format",
        ),
        ("format('}', 0)", "can't be read: `}` is not a valid format"),
        ("", "can't be read: unexpected end"),
        ("1 +", "can't be read: `+`"),
        ("'x", "can't be read: a quote"),
        ("matrix.*.x", "can't be read: `*`"),
        ("matrix.", "can't be read: unexpected end"),
        ("(1", "can't be read: unexpected end"),
        ("1 2", "can't be read: `2`"),
        ("1x", "can't be read: `1x` is not a number"),
        ("a == \"b\"", "can't be read: `\\\"`"),
    ] {
        let error = evaluate(text, Some(&matrix())).expect_err(text);
        assert!(error.starts_with(says), "{text}: {error}");
    }
    assert!(evaluate("matrix.os", None).is_err());
}

#[test]
fn what_would_be_too_much_is_refused() {
    for text in [
        "(".repeat(10_000),
        "!".repeat(10_000) + "1",
        format!("1{}", " == 1".repeat(1_000)),
        format!("matrix{}", "[0]".repeat(1_000)),
        format!("'{}'", "x".repeat(MAX_TEXT)),
        // Eight of the inner expression, ten levels deep.
        (0..10).fold("'x'".to_owned(), |inner, _| {
            format!("format('{}', {inner})", "{0}".repeat(8))
        }),
    ] {
        assert!(evaluate(&text, Some(&matrix())).is_err(), "{text:.40}");
    }
}

proptest! {
    #[test]
    fn no_text_is_too_odd(text in prop_oneof![".{0,60}", "[-!()\\[\\].,*'|&=<>{}0-9a-z ]{0,40}"]) {
        let _ = evaluate(&text, Some(&matrix()));
    }

    #[test]
    fn a_quoted_text_is_itself(text in "[^\0]{0,40}") {
        let quoted = format!("'{}'", text.replace('\'', "''"));
        prop_assert_eq!(evaluate(&quoted, None), Ok(ExprValue::Text(text)));
    }
}
