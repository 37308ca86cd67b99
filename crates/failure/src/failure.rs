//! The message of a failed command: one line, the end of the engine's output, a hint.

use std::fmt;
use std::io::{Error, ErrorKind};

use crate::Code;

/// A failure, for people and scripts.
///
/// `Display` is `SUBJECT: what failed`, then the engine's last lines behind `  | `, then `hint: …`. The command's name
/// precedes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    code: Code,
    subject: Option<String>,
    message: String,
    tail: Option<String>,
    hint: Option<String>,
}

impl Failure {
    /// A failure with a code and a message: lower case, no full stop.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            subject: None,
            message: message.into(),
            tail: None,
            hint: None,
        }
    }

    /// Wrong usage.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Code::Usage, message)
    }

    /// Invalid input.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::Invalid, message)
    }

    /// Standard output cannot be written. If its reader closed it, the command ends quietly.
    pub fn of_stdout(error: &Error) -> Self {
        if error.kind() == ErrorKind::BrokenPipe {
            return Self::new(Code::Done, String::new());
        }
        Self::new(
            Code::Other,
            format!("cannot write standard output: {error}"),
        )
    }

    /// Sets the subject (path, image or plan), unless the message begins `SUBJECT:`.
    #[must_use]
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        let subject = subject.into();
        let names_it = subject.is_empty()
            || (self.message.strip_prefix(&subject))
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'));
        if self.subject.is_none() && !names_it {
            self.subject = Some(subject);
        }
        self
    }

    /// Adds the part of the subject: `step 2`.
    #[must_use]
    pub fn in_part(mut self, part: &str) -> Self {
        self.message = format!("{part}: {}", self.message);
        self
    }

    /// The hint, if there is one.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Sets the hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the end of the engine's output.
    #[must_use]
    pub fn with_tail(mut self, tail: impl Into<String>) -> Self {
        self.tail = Some(tail.into()).filter(|tail| !tail.trim().is_empty());
        self
    }

    /// Removes the engine's output, which users have already seen.
    #[must_use]
    pub fn without_tail(mut self) -> Self {
        self.tail = None;
        self
    }

    /// The exit code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Whether to print nothing, because the reader of the output is gone.
    pub fn is_quiet(&self) -> bool {
        self.code == Code::Done
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(subject) = &self.subject {
            write!(f, "{}: ", one_line(subject))?;
        }
        f.write_str(&one_line(&self.message))?;
        for line in self.tail.iter().flat_map(|tail| tail.trim_end().lines()) {
            write!(f, "\n  | {}", one_line(&line.replace('\t', "    ")))?;
        }
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {}", one_line(hint)),
            None => Ok(()),
        }
    }
}

/// The longest subject or message, in characters: more than any path and reason together.
const MAX_SHOWN: usize = 2000;

/// A text on one line, with any file name or stream in it.
pub fn one_line(text: &str) -> String {
    let mut line = naming::visible(text.chars().take(MAX_SHOWN));
    if text.chars().nth(MAX_SHOWN).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_subject_tail_and_hint() {
        let failure = Failure::new(Code::Engine, "docker build failed")
            .about("capy")
            .with_tail("one\ntwo\n")
            .with_hint("look at the log");
        assert_eq!(
            failure.to_string(),
            "capy: docker build failed\n  | one\n  | two\nhint: look at the log"
        );
        let hostile = Failure::usage("a\nb\0").about("\u{1b}[31m");
        assert_eq!(hostile.to_string(), "\\u{1b}[31m: a\\nb\\u{0}");
        let long = Failure::usage("x".repeat(5000)).to_string();
        assert_eq!(long.chars().count(), MAX_SHOWN + 1);
        assert_eq!(Failure::usage("no").with_tail(" \n").to_string(), "no");
    }

    #[test]
    fn names_its_subject_once() {
        for (message, subject, shown) in [
            ("x: no", "x", "x: no"),
            ("x:3:1: no", "x", "x:3:1: no"),
            ("x", "x", "x"),
            ("no", "", "no"),
            ("no such image", "no", "no: no such image"),
            ("no such image", "n", "n: no such image"),
            ("nothing: no", "no", "no: nothing: no"),
        ] {
            let failure = Failure::usage(message).about(subject);
            assert_eq!(failure.to_string(), shown);
        }
    }
}
