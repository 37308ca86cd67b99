//! Plain scalars: their types, and which texts need quotes.
//!
//! Reading follows the core schema of YAML 1.2 (section 10.3). Writing is more careful: booleans, numbers and dates of
//! YAML 1.1 are quoted too, because other tools read registries with older parsers.

use crate::{Node, Style, Value};

/// The type of a plain scalar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Plain {
    /// Null.
    Null,
    /// True or false.
    Bool(bool),
    /// A number.
    Number,
    /// Any other text.
    Text,
}

/// The type of a plain scalar with this text.
pub fn plain(text: &str) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Plain::Null,
        "true" | "True" | "TRUE" => Plain::Bool(true),
        "false" | "False" | "FALSE" => Plain::Bool(false),
        _ if is_number(text) => Plain::Number,
        _ => Plain::Text,
    }
}

/// Whether a node is null.
pub fn is_null(node: &Node) -> bool {
    matches!(&node.value, Value::Scalar { text, style: Style::Plain } if plain(text) == Plain::Null)
}

/// The text of a scalar of type text.
pub fn text(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Scalar {
            text,
            style: Style::Plain,
        } => (plain(text) == Plain::Text).then_some(text.as_str()),
        Value::Scalar { text, .. } => Some(text),
        _ => None,
    }
}

fn is_number(text: &str) -> bool {
    let digits = |text: &str, radix| !text.is_empty() && text.chars().all(|c| c.is_digit(radix));
    if let Some(octal) = text.strip_prefix("0o") {
        return digits(octal, 8);
    }
    if let Some(hexadecimal) = text.strip_prefix("0x") {
        return digits(hexadecimal, 16);
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    match unsigned {
        ".inf" | ".Inf" | ".INF" => return true,
        ".nan" | ".NaN" | ".NAN" => return unsigned.len() == text.len(),
        _ => {}
    }
    // Rust's grammar equals the core schema's, except for the words `inf` and `nan`.
    unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && unsigned.parse::<f64>().is_ok()
}

/// A text as YAML: bare if that is safe in every context and for every reader, else quoted.
pub fn written(text: &str) -> String {
    if is_bare(text) {
        text.to_owned()
    } else if text.chars().any(must_escape) {
        escaped(text)
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

fn is_bare(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
        return false;
    };
    let word = |b: &u8| b.is_ascii_alphanumeric() || *b >= 0x80;
    let inside = |b: &u8| word(b) || b" ._/@:+-=~^$%()".contains(b);
    (word(first) || b"./_".contains(first))
        && !b": ".contains(last)
        && !text.contains(": ")
        && bytes.iter().all(inside)
        && !text.chars().any(must_escape)
        && plain(text) == Plain::Text
        && !old_schema(text)
}

/// Whether YAML 1.1 would not read a bare text as text: its booleans (`yes`, `on`), numbers and dates. Numbers and
/// dates begin with a digit or a dot. A digit alone is not enough: `3dnow` is text everywhere.
fn old_schema(text: &str) -> bool {
    const BOOLEANS: [&str; 6] = ["y", "n", "yes", "no", "on", "off"];
    let lower = text.to_ascii_lowercase();
    let numeric = |b: u8| b.is_ascii_hexdigit() || b"._:+-xotTzZ".contains(&b);
    BOOLEANS.contains(&lower.as_str())
        || (text.starts_with(|c: char| c.is_ascii_digit() || c == '.') && text.bytes().all(numeric))
}

/// Characters that need an escape in double quotes in every version of YAML.
fn must_escape(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
}

fn escaped(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if must_escape(c) => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quotes_are_only_where_yaml_needs_them() {
        for bare in [
            "gcc-15",
            "ubuntu:25.04",
            "libstdc++6",
            "images/p/a.tar",
            "sha256:ab",
            "a b",
            "./x",
            "3dnow",
            "漢字",
            "registry.example:5000/ci/a@sha256:00",
        ] {
            assert_eq!(written(bare), bare);
        }
        for quoted in [
            "",
            " ",
            "a ",
            "yes",
            "No",
            "null",
            "~",
            "true",
            "1",
            "1.0",
            "1e3",
            "0x1f",
            "1:20",
            "2026-02-06",
            ".5",
            "a: b",
            "a:",
            "a #b",
            "#a",
            "- a",
            "-a",
            "[a",
            "a,b",
            "a]",
            "{a",
            "&a",
            "*a",
            "!a",
            "|",
            "%a",
            "@a",
            "=",
        ] {
            assert_eq!(written(quoted), format!("'{quoted}'"));
        }
        assert_eq!(written("it's"), "'it''s'");
        assert_eq!(written("a\n\"\\"), r#""a\n\"\\""#);
        assert_eq!(written("\u{85}\u{2028}"), r#""\u0085\u2028""#);
    }

    #[test]
    fn plain_scalars_mean_what_the_core_schema_says() {
        for number in [
            "0", "-1", "+12", "1.5", "1.", ".5", "1e3", "-1.5E-3", "0o17", "0x1F", ".inf", "-.INF",
            ".nan",
        ] {
            assert_eq!(plain(number), Plain::Number, "{number}");
        }
        for text in [
            "inf", "nan", "infinity", "1_000", "0b1", "1:20", "-", "+", ".", "e3", "-.nan", "0o8",
            "0x", "yes",
        ] {
            assert_eq!(plain(text), Plain::Text, "{text}");
        }
    }

    proptest! {
        #[test]
        fn another_parser_reads_what_is_written(text in prop_oneof![".*", "[-:#, \\[\\]{}a0.'\"\\\\!&*|>%@`\n\t~=?]{0,8}"]) {
            let written = written(&text);
            for yaml in [format!("[{written}, {written}]"), format!("- {written}\n- {written} # c\n")] {
                let read: Vec<String> = serde_yaml::from_str(&yaml).unwrap();
                prop_assert_eq!(&read, &[text.clone(), text.clone()], "{}", yaml);
            }
        }
    }
}
