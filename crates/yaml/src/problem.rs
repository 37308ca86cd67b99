//! A problem in a text, with its position.

use crate::scalar::{Plain, plain};
use crate::{Node, Style, Value};

/// A position in a text. Both count from 1; columns are characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The line.
    pub line: u32,
    /// The character in it.
    pub column: u32,
}

impl Mark {
    /// The position after so many line breaks, and so many characters of the next line.
    pub(crate) fn behind(lines: usize, characters: usize) -> Self {
        let from_1 = |count| u32::try_from(count).map_or(u32::MAX, |count| count.saturating_add(1));
        Self {
            line: from_1(lines),
            column: from_1(characters),
        }
    }

    /// The position of a byte.
    pub fn of(text: &str, at: usize) -> Self {
        let before = &text[..at];
        let column = before.chars().rev().take_while(|c| *c != '\n').count();
        Self::behind(before.matches('\n').count(), column)
    }
}

/// A problem in a text, with its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The position.
    pub at: Mark,
    /// The problem.
    pub message: String,
    /// A hint.
    pub hint: Option<String>,
}

impl Problem {
    /// Without a hint.
    pub fn new(at: Mark, message: impl Into<String>) -> Self {
        Self {
            at,
            message: message.into(),
            hint: None,
        }
    }

    /// The same with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// A node of an unexpected type.
pub fn wrong(subject: &str, expected: &str, found: &Node) -> Problem {
    let (found_is, hint) = match &found.value {
        Value::Scalar {
            text,
            style: Style::Plain,
        } => match plain(text) {
            Plain::Null => ("nothing".to_owned(), None),
            kind @ (Plain::Number | Plain::Bool(_)) => {
                let what = if kind == Plain::Number {
                    "the number"
                } else {
                    "the boolean"
                };
                let hint = (expected == "text").then(|| format!("quote it: `\"{}\"`", shown(text)));
                (format!("{what} `{}`", shown(text)), hint)
            }
            Plain::Text => (format!("`{}`", shown(text)), None),
        },
        Value::Scalar { text, .. } => (format!("the text `{}`", shown(text)), None),
        Value::List { .. } => ("a list".to_owned(), None),
        Value::Map { .. } => ("a mapping".to_owned(), None),
        Value::Alias { .. } => ("an alias".to_owned(), None),
    };
    Problem {
        hint,
        ..Problem::new(
            found.at,
            format!("{subject} must be {expected}, not {found_is}"),
        )
    }
}

/// The longest part of a foreign text that a message repeats, in characters.
const SHOWN_CHARS: usize = 60;

/// A foreign text for a message: bounded, on one line, without control characters.
pub fn shown(text: &str) -> String {
    let mut out = naming::visible(text.chars().take(SHOWN_CHARS));
    if text.chars().nth(SHOWN_CHARS).is_some() {
        out.push('…');
    }
    out
}
