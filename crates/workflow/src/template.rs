//! Texts with expressions: `ubuntu:${{ matrix.version }}`.

use super::expression::{self, MAX_TEXT};
use super::value::ExprValue;

/// The value of a text: itself, the value of the single expression, or a text with expressions replaced by their
/// values. The error names the failed expression, and the reason.
pub(crate) fn evaluate(text: &str, matrix: Option<&ExprValue>) -> Result<ExprValue, String> {
    if !text.contains("${{") {
        return Ok(ExprValue::Text(text.to_owned()));
    }
    let whole = text.trim();
    if let Some(inside) = whole.strip_prefix("${{")
        && let Some((inside, "")) = split_end(inside)
    {
        return value(inside, matrix);
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once("${{") {
        out.push_str(before);
        let (inside, after) = split_end(inside)
            .ok_or_else(|| format!("`{}` has no `}}}}`", cut(&format!("${{{{{inside}"))))?;
        out.push_str(&value(inside, matrix)?.text());
        if out.len() > MAX_TEXT {
            return Err(format!("a text becomes longer than {MAX_TEXT} bytes"));
        }
        rest = after;
    }
    out.push_str(rest);
    Ok(ExprValue::Text(out))
}

fn value(inside: &str, matrix: Option<&ExprValue>) -> Result<ExprValue, String> {
    expression::evaluate(inside, matrix).map_err(|why| match why.starts_with("`${{") {
        // An expression in the matrix has no value.
        true => why,
        false => format!("`${{{{ {} }}}}` {why}", cut(inside.trim())),
    })
}

/// An expression and the text after its braces. Braces inside quotes do not count.
fn split_end(text: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let mut bytes = text.bytes().enumerate();
    let end = bytes.find_map(|(at, byte)| {
        quoted ^= byte == b'\'';
        (!quoted && text.as_bytes()[at..].starts_with(b"}}")).then_some(at)
    })?;
    Some((&text[..end], &text[end + 2..]))
}

/// As much of a text as a message repeats.
fn cut(text: &str) -> String {
    const SHOWN: usize = 80;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix() -> ExprValue {
        let entry = |key: &str, value| (key.to_owned(), value);
        ExprValue::Map(vec![
            entry("container", ExprValue::Text("ubuntu:25.04".into())),
            entry("version", ExprValue::Number(15.0)),
            entry("flags", ExprValue::List(vec![ExprValue::Bool(true)])),
            entry("secret", ExprValue::Unknown("is GitHub's".into())),
        ])
    }

    #[test]
    fn one_expression_keeps_its_type_and_several_make_a_text() {
        let text = |text: &str| ExprValue::Text(text.into());
        for (written, expected) in [
            ("gcc", text("gcc")),
            ("${{ matrix.version }}", ExprValue::Number(15.0)),
            (
                " ${{matrix.flags}} ",
                ExprValue::List(vec![ExprValue::Bool(true)]),
            ),
            ("gcc-${{ matrix.version }}", text("gcc-15")),
            (
                "${{ matrix.version }}-${{ matrix.container }}.",
                text("15-ubuntu:25.04."),
            ),
            ("${{ '}}' }}", text("}}")),
            ("${{ 'it''s' }}!", text("it's!")),
            ("x${{ matrix.none }}y", text("xy")),
            ("${{ matrix.flags }}!", text("Array!")),
        ] {
            assert_eq!(
                evaluate(written, Some(&matrix())),
                Ok(expected),
                "{written}"
            );
        }
    }

    #[test]
    fn what_has_no_value_is_said() {
        for (written, says) in [
            (
                "${{ github.ref }}",
                "`${{ github.ref }}` is known only to GitHub",
            ),
            ("x-${{ secrets.A }}", "`${{ secrets.A }}` is known"),
            ("${{ matrix.secret }}", "`${{ matrix.secret }}` is GitHub's"),
            ("${{ 'a", "`${{ 'a` has no `}}`"),
            ("${{ 1 + 1 }}", "`${{ 1 + 1 }}` "),
        ] {
            let error = evaluate(written, Some(&matrix())).expect_err(written);
            assert!(error.starts_with(says), "{error}");
        }
    }
}
