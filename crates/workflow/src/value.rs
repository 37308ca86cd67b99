//! Values of GitHub's expressions: JSON's, and values that only GitHub knows.
//!
//! Truth, equality and order follow GitHub's documentation ("Evaluate expressions in workflows and actions"). Values of
//! different types are compared as numbers; texts and property names are compared without regard to case.

use std::cmp::Ordering;

use yaml::{Content, SpannedValue};

use super::template;

/// A value of a workflow or an expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ExprValue {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<ExprValue>),
    Map(Vec<(String, ExprValue)>),
    /// The value is unknown, for this reason. It is an error only if the value is needed.
    Unknown(String),
}

impl ExprValue {
    /// A value of the matrix itself, before any matrix is known.
    pub(crate) fn of(written: &SpannedValue) -> Self {
        match &written.content {
            Content::Null => Self::Null,
            Content::Bool(value) => Self::Bool(*value),
            Content::Number(text) => number(text).map_or(Self::Text(text.clone()), Self::Number),
            Content::Text(text) => template::evaluate(text, None).unwrap_or_else(Self::Unknown),
            Content::List(items) => Self::List(items.iter().map(Self::of).collect()),
            Content::Map(pairs) => {
                let pairs = pairs.iter();
                Self::Map(
                    pairs
                        .map(|(key, value)| (key.clone(), Self::of(value)))
                        .collect(),
                )
            }
        }
    }

    /// A value of a workflow with this matrix.
    pub(crate) fn within(written: &SpannedValue, matrix: &Self) -> Result<Self, String> {
        Ok(match &written.content {
            Content::Text(text) => template::evaluate(text, Some(matrix))?,
            Content::List(items) => {
                let items = items.iter().map(|item| Self::within(item, matrix));
                Self::List(items.collect::<Result<_, _>>()?)
            }
            Content::Map(pairs) => {
                let pairs = pairs
                    .iter()
                    .map(|(key, value)| Ok((key.clone(), Self::within(value, matrix)?)));
                Self::Map(pairs.collect::<Result<_, String>>()?)
            }
            _ => Self::of(written),
        })
    }

    /// The value of a key, in any case. `None` if this is no mapping, or lacks the key.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(pairs) = self else {
            return None;
        };
        let mut found = pairs
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case(key));
        found.next().map(|(_, value)| value)
    }

    /// Whether GitHub treats it as true.
    pub(crate) fn is_true(&self) -> bool {
        match self {
            Self::Null | Self::Unknown(_) => false,
            Self::Bool(value) => *value,
            Self::Number(number) => *number != 0.0 && !number.is_nan(),
            Self::Text(text) => !text.is_empty(),
            Self::List(_) | Self::Map(_) => true,
        }
    }

    /// As text, in GitHub's format.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Null | Self::Unknown(_) => String::new(),
            Self::Bool(value) => value.to_string(),
            Self::Number(number) => shown(*number),
            Self::Text(text) => text.clone(),
            Self::List(_) => "Array".to_owned(),
            Self::Map(_) => "Object".to_owned(),
        }
    }

    /// As a number, for comparisons between types.
    fn number(&self) -> f64 {
        match self {
            Self::Null => 0.0,
            Self::Bool(value) => f64::from(u8::from(*value)),
            Self::Number(number) => *number,
            Self::Text(text) if text.trim().is_empty() => 0.0,
            Self::Text(text) => number(text.trim()).unwrap_or(f64::NAN),
            Self::List(_) | Self::Map(_) | Self::Unknown(_) => f64::NAN,
        }
    }

    /// `==`. Lists and mappings equal nothing: GitHub compares identities, not contents.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        self.order(other) == Some(Ordering::Equal)
    }

    /// `<` and similar; `None` if values cannot be compared.
    pub(crate) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => Some(a.to_uppercase().cmp(&b.to_uppercase())),
            _ => self.number().partial_cmp(&other.number()),
        }
    }

    /// Whether a value of a matrix matches one of `exclude` or `include`: scalars by `==`; in lists and mappings each
    /// given value, other values are allowed.
    pub(crate) fn has(&self, said: &Self) -> bool {
        match (self, said) {
            (Self::List(own), Self::List(said)) => {
                said.len() <= own.len() && own.iter().zip(said).all(|(own, said)| own.has(said))
            }
            (Self::Map(_), Self::Map(said)) => said
                .iter()
                .all(|(key, said)| self.get(key).is_some_and(|own| own.has(said))),
            _ => self.equals(said),
        }
    }

    /// The reason why some part of it is unknown.
    pub(crate) fn unknown(&self) -> Option<&str> {
        match self {
            Self::Unknown(why) => Some(why),
            Self::List(items) => items.iter().find_map(Self::unknown),
            Self::Map(pairs) => pairs.iter().find_map(|(_, value)| value.unknown()),
            _ => None,
        }
    }
}

/// A number in the syntax of YAML and GitHub's expressions.
pub(crate) fn number(text: &str) -> Option<f64> {
    let radix = |digits: &str, radix| u32::from_str_radix(digits, radix).ok().map(f64::from);
    match (text.get(..2), text) {
        (Some("0x"), _) => radix(&text[2..], 16),
        (Some("0o"), _) => radix(&text[2..], 8),
        (_, "Infinity" | ".inf") => Some(f64::INFINITY),
        (_, "-Infinity" | "-.inf") => Some(f64::NEG_INFINITY),
        _ => {
            let unsigned = text.trim_start_matches(['-', '+']);
            let is_number = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
            text.parse().ok().filter(|_| is_number)
        }
    }
}

/// A number in GitHub's format: 15 significant digits, without trailing zeros (`25.10` is `25.1`).
pub(crate) fn shown(number: f64) -> String {
    let rounded: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    if rounded == 0.0 {
        // Never `-0`.
        return "0".to_owned();
    }
    rounded.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> ExprValue {
        ExprValue::Text(text.into())
    }

    #[test]
    fn equality_is_loose() {
        let (one, zero) = (ExprValue::Number(1.0), ExprValue::Number(0.0));
        for (a, b, expected) in [
            (&text("GCC"), &text("gcc"), true),
            (&text("gcc"), &text("clang"), false),
            (&text("1"), &one, true),
            (&text("0x1"), &one, true),
            (&text(""), &zero, true),
            (&text("x"), &zero, false),
            (&ExprValue::Bool(true), &one, true),
            (&ExprValue::Bool(true), &text("true"), false),
            (&ExprValue::Null, &zero, true),
            (&ExprValue::Null, &text(""), true),
            (&ExprValue::List(vec![]), &ExprValue::List(vec![]), false),
            (
                &ExprValue::Number(f64::NAN),
                &ExprValue::Number(f64::NAN),
                false,
            ),
        ] {
            assert_eq!(a.equals(b), expected, "{a:?} {b:?}");
            assert_eq!(b.equals(a), expected, "{b:?} {a:?}");
        }
        let list = |item: &str| ExprValue::List(vec![text(item)]);
        assert!(list("A").has(&list("a")) && !list("a").has(&list("b")));
        let map = |value| ExprValue::Map(vec![("k".into(), value)]);
        assert!(map(one.clone()).has(&map(text("1"))) && !map(one).has(&map(zero)));
        let two = ExprValue::Map(vec![("k".into(), text("v")), ("l".into(), text("w"))]);
        assert!(two.has(&map(text("v"))) && !map(text("v")).has(&two));
    }

    #[test]
    fn numbers_are_written_short() {
        for (number, expected) in [
            (15.0, "15"),
            (25.10, "25.1"),
            (0.1 + 0.2, "0.3"),
            (-0.0, "0"),
            (1e21, "1000000000000000000000"),
        ] {
            assert_eq!(shown(number), expected);
        }
        for text in ["", "-", "inf", "nan", "1x", "0x", "e3"] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
