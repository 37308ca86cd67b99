//! Why a name was refused.

use thiserror::Error;

/// The rule that a name violates. The value is shown in backticks, cut to a bounded length and with control characters
/// escaped, so that a hostile name cannot forge output.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{what} `{}` {rule}", shown(.value))]
pub struct NameError {
    what: &'static str,
    value: String,
    rule: String,
    hint: Option<String>,
}

impl NameError {
    pub(crate) fn new(what: &'static str, value: &str, rule: impl Into<String>) -> Self {
        Self {
            what,
            value: value.to_owned(),
            rule: rule.into(),
            hint: None,
        }
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A hint, if there is one.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The rule alone, for example "holds an upper-case letter".
    pub fn rule(&self) -> &str {
        &self.rule
    }
}

/// The longest part of a refused value that a message repeats, in characters.
const SHOWN_CHARS: usize = 160;

/// A part of a refused value for messages.
pub(crate) fn shown(value: &str) -> String {
    let mut out = crate::visible(value.chars().take(SHOWN_CHARS));
    if value.chars().nth(SHOWN_CHARS).is_some() {
        out.push('…');
    }
    out
}
