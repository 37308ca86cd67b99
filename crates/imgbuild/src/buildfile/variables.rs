//! Expands arguments in `FROM` and global `ARG` lines: `$NAME`, `${NAME}`, `${NAME:-default}` and similar (Dockerfile
//! reference, "Environment replacement").

use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;
use std::str::Chars;

/// The deepest nesting of variables in defaults. Real files have at most two levels.
const MAX_DEPTH: usize = 16;

/// The longest result of an expansion, in bytes: references have under 300. It stops repeated lines like `ARG A=$B$B`
/// from doubling without end.
const MAX_TEXT: usize = 4096;

const UNCLOSED: &str = "a `${` is not closed";

/// The arguments before the first `FROM`, and which of them were used.
#[derive(Debug, Default)]
pub(super) struct Variables {
    values: BTreeMap<String, String>,
    used: BTreeSet<String>,
}

impl Variables {
    pub(super) fn set(&mut self, name: &str, value: String) {
        self.values.insert(name.to_owned(), value);
    }

    /// Whether an expansion used a variable that has a value.
    pub(super) fn was_used(&self, name: &str) -> bool {
        self.used.contains(name) && self.values.contains_key(name)
    }

    /// The value of a word: variables replaced, quotes and escapes removed.
    pub(super) fn expand(&mut self, word: &str, escape: char) -> Result<String, String> {
        let mut chars = word.chars().peekable();
        self.expand_until(&mut chars, None, escape, 0)
    }

    fn expand_until(
        &mut self,
        chars: &mut Peekable<Chars<'_>>,
        end: Option<char>,
        escape: char,
        depth: usize,
    ) -> Result<String, String> {
        if depth > MAX_DEPTH {
            return Err(format!(
                "variables are nested more than {MAX_DEPTH} levels deep"
            ));
        }
        let mut out = String::new();
        let mut quote = None;
        while let Some(c) = chars.next() {
            match quote {
                Some(open) if c == open => quote = None,
                None if c == '"' || c == '\'' => quote = Some(c),
                None if Some(c) == end => return Ok(out),
                Some('\'') => out.push(c),
                _ if c == escape => out.extend(chars.next()),
                _ if c == '$' => out += &self.variable(chars, escape, depth)?,
                _ => out.push(c),
            }
            if out.len() > MAX_TEXT {
                return Err(format!("it expands to more than {MAX_TEXT} bytes"));
            }
        }
        match end {
            Some(_) => Err(UNCLOSED.into()),
            None => Ok(out),
        }
    }

    /// The value of a variable after its `$`.
    fn variable(
        &mut self,
        chars: &mut Peekable<Chars<'_>>,
        escape: char,
        depth: usize,
    ) -> Result<String, String> {
        let braces = chars.next_if_eq(&'{').is_some();
        let mut name = String::new();
        while let Some(c) = chars.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
            name.push(c);
        }
        if name.is_empty() {
            return if braces {
                Err("a `${` has no name".into())
            } else {
                Ok("$".into())
            };
        }
        self.used.insert(name.clone());
        let value = self.values.get(&name).cloned();
        if !braces {
            return Ok(value.unwrap_or_default());
        }
        // With a colon, an empty value counts as missing.
        let colon = chars.next_if_eq(&':').is_some();
        let there = value.filter(|value| !(colon && value.is_empty()));
        match chars.next() {
            Some('}') if !colon => Ok(there.unwrap_or_default()),
            Some('-') => {
                let default = self.expand_until(chars, Some('}'), escape, depth + 1)?;
                Ok(there.unwrap_or(default))
            }
            Some('+') => {
                let other = self.expand_until(chars, Some('}'), escape, depth + 1)?;
                Ok(there.map(|_| other).unwrap_or_default())
            }
            Some('?') => {
                let message = self.expand_until(chars, Some('}'), escape, depth + 1)?;
                there.ok_or_else(|| format!("`{name}` has no value: {}", message.escape_debug()))
            }
            None => Err(UNCLOSED.into()),
            Some(_) => Err(format!(
                "unsupported expansion of `{name}`: use `-`, `+` or `?`"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn expansions() {
        let mut variables = Variables::default();
        variables.set("A", "a".into());
        variables.set("EMPTY", String::new());
        let table = [
            ("$A", Some("a")),
            ("${A}", Some("a")),
            ("x$A-y", Some("xa-y")),
            ("\"${A}:1\"", Some("a:1")),
            ("'$A'", Some("$A")),
            ("\\$A", Some("$A")),
            ("$NONE", Some("")),
            ("${NONE:-b}", Some("b")),
            ("${NONE-b}", Some("b")),
            ("${EMPTY:-b}", Some("b")),
            ("${EMPTY-b}", Some("")),
            ("${A:+c}", Some("c")),
            ("${EMPTY:+c}", Some("")),
            ("${EMPTY+c}", Some("c")),
            ("${NONE:-${A}:${NONE:-1}}", Some("a:1")),
            ("${A:?no}", Some("a")),
            ("${NONE:?no}", None),
            ("${A", None),
            ("${}", None),
            ("${A#x}", None),
            ("${A:}", None),
            ("$", Some("$")),
        ];
        for (word, expected) in table {
            assert_eq!(
                variables.expand(word, '\\').ok().as_deref(),
                expected,
                "{word}"
            );
        }
        assert!(variables.was_used("A") && !variables.was_used("NONE"));
        assert!(variables.expand(&"${X:-".repeat(100), '\\').is_err());
        variables.set("LONG", "x".repeat(3000));
        assert!(variables.expand("$LONG$LONG", '\\').is_err());
    }

    proptest! {
        #[test]
        fn never_panics(word in "([$\\{\\}:?+\"'\\\\-]|A|\\PC){0,40}") {
            let mut variables = Variables::default();
            variables.set("A", "a".into());
            let _ = variables.expand(&word, '\\');
        }
    }
}
