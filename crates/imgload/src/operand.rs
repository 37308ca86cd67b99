//! What is read: an archive or a name, or what imgbuild says of one with `--json`.

use cli::{Code, Failure};
use serde::Deserialize;

/// An archive or a registered name, and what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Operand {
    /// The archive's path, or a registered name.
    pub text: String,
    /// The job that the plan was for; a bare path tells none.
    pub job: Option<String>,
}

/// A line of imgbuild's. Other keys are for others.
#[derive(Deserialize)]
#[serde(expecting = "an object with `path`")]
struct Line {
    path: String,
    #[serde(default)]
    job: Option<String>,
}

impl Operand {
    /// A word of the command line.
    pub(crate) fn of_word(text: String) -> Self {
        Self { text, job: None }
    }

    /// A record of standard input. One that begins like an object is one; a file of such a name is `./{…`.
    pub(crate) fn of_record(text: String) -> Result<Self, Failure> {
        if !text.trim_start().starts_with('{') {
            return Ok(Self::of_word(text));
        }
        let line: Line = serde_json::from_str(&text).map_err(|error| {
            let message = format!("a line of standard input is no object with `path`: {error}");
            Failure::new(Code::Invalid, message)
                .with_hint("`imgbuild --json | imgload` reads what imgbuild prints")
        })?;
        Ok(Self {
            text: line.path,
            job: line.job,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_path_or_an_object_with_one() {
        let read = |text: &str| Operand::of_record(text.into());
        let operand = |text: &str, job: Option<&str>| Operand {
            text: text.into(),
            job: job.map(str::to_owned),
        };
        for (text, expected) in [
            ("images/a.tar", operand("images/a.tar", None)),
            ("./{a}.tar", operand("./{a}.tar", None)),
            (
                r#"{"path":"a.tar","job":"GCC 15","built":true}"#,
                operand("a.tar", Some("GCC 15")),
            ),
            (r#" {"path":"a.tar","job":null}"#, operand("a.tar", None)),
        ] {
            assert_eq!(read(text), Ok(expected), "{text}");
        }
        for text in [
            "{",
            "{}",
            r#"{"path":7}"#,
            r#"{"job":"x"}"#,
            r#"{"path":"a"} x"#,
        ] {
            let failure = read(text).expect_err(text);
            assert_eq!(failure.code(), Code::Invalid, "{text}");
        }
    }
}
