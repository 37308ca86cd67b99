//! What is read: an archive or a name, or what another command says of one with `--json`.

use serde::Deserialize;

use failure::{Code, Failure};

/// An archive or a registered name, and what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operand {
    /// The archive's path, or a registered name.
    pub text: String,
    /// The job that the plan was for; a bare path tells none.
    pub job: Option<String>,
}

/// A line that a command prints with `--json`. Other keys are for others.
#[derive(Deserialize)]
#[serde(expecting = "an object with `path` or `name`")]
struct Line {
    path: Option<String>,
    name: Option<String>,
    job: Option<String>,
}

impl Operand {
    /// A word of the command line.
    pub fn of_word(text: String) -> Self {
        Self { text, job: None }
    }

    /// A record of standard input. One that begins like an object is one; a file of such a name is `./{…`.
    pub fn of_record(text: String) -> Result<Self, Failure> {
        if !text.trim_start().starts_with('{') {
            return Ok(Self::of_word(text));
        }
        let refused = |why: String| {
            let message =
                format!("a line of standard input is no object with `path` or `name`{why}");
            Failure::new(Code::Invalid, message)
                .with_hint("give paths or names, one a line, or what imgls, imgbuild or imgload print with --json")
        };
        let line: Line =
            serde_json::from_str(&text).map_err(|error| refused(format!(": {error}")))?;
        let text = line.path.or(line.name);
        Ok(Self {
            text: text.ok_or_else(|| refused(String::new()))?,
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
            (r#"{"name":"a","path":"a.tar"}"#, operand("a.tar", None)),
            (r#"{"name":"a"}"#, operand("a", None)),
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
