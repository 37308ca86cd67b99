//! The result of a command: exit code, stdout and stderr together.

use std::fmt;

/// The result of a run. Every assertion shows all of it on failure, and returns it for the next assertion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The command line.
    pub command: String,
    /// The exit code; 128 and the signal's number if a signal ended it.
    pub code: i32,
    /// Its stdout.
    pub stdout: String,
    /// Its stderr.
    pub stderr: String,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "$ {}\ncode {}", self.command, self.code)?;
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            match text.as_str() {
                "" => writeln!(f, "--- {name}: nothing")?,
                text => writeln!(f, "--- {name}\n{}", text.trim_end_matches('\n'))?,
            }
        }
        Ok(())
    }
}

#[expect(
    clippy::must_use_candidate,
    reason = "an assertion's result is for the next assertion, where there is one"
)]
impl Outcome {
    /// It succeeded.
    #[track_caller]
    pub fn ok(&self) -> &Self {
        self.code(0)
    }

    /// It ended with this code.
    #[track_caller]
    pub fn code(&self, code: i32) -> &Self {
        self.check(self.code == code, &format!("code {code}"))
    }

    /// Its stdout is exactly this.
    #[track_caller]
    pub fn stdout(&self, text: &str) -> &Self {
        self.check(self.stdout == text, &format!("stdout `{text}`"))
    }

    /// Its stderr contains this.
    #[track_caller]
    pub fn stderr_has(&self, text: &str) -> &Self {
        self.check(self.stderr.contains(text), &format!("`{text}` on stderr"))
    }

    /// Its stderr does not contain this.
    #[track_caller]
    pub fn stderr_lacks(&self, text: &str) -> &Self {
        self.check(
            !self.stderr.contains(text),
            &format!("no `{text}` on stderr"),
        )
    }

    /// Its stderr is empty.
    #[track_caller]
    pub fn silent(&self) -> &Self {
        self.check(self.stderr.is_empty(), "nothing on stderr")
    }

    /// It failed properly: this code, nothing on stdout, and on stderr a line `PROGRAM: … text …` without a panic, a
    /// backtrace or a Rust type's name.
    #[track_caller]
    pub fn fails(&self, program: &str, code: i32, text: &str) -> &Self {
        self.code(code).stdout("");
        let prefix = format!("{program}: ");
        let said = self
            .stderr
            .lines()
            .any(|line| line.starts_with(&prefix) && line.contains(text));
        self.check(said, &format!("a line `{program}: … {text} …` on stderr"));
        self.stderr_lacks("panicked")
            .stderr_lacks("::")
            .stderr_lacks("Error(")
    }

    /// The one line that it printed, without its newline.
    #[track_caller]
    pub fn line(&self) -> &str {
        self.check(
            self.stdout.matches('\n').count() == 1 && self.stdout.ends_with('\n'),
            "one line on stdout",
        );
        self.stdout.trim_end_matches('\n')
    }

    /// The JSON objects that it printed, one a line.
    #[track_caller]
    pub fn json(&self) -> Vec<serde_json::Value> {
        let parsed: Result<Vec<_>, _> = self.stdout.lines().map(serde_json::from_str).collect();
        self.check(parsed.is_ok(), "a JSON value on each line of stdout");
        parsed.unwrap_or_default()
    }

    #[track_caller]
    fn check(&self, fine: bool, wanted: &str) -> &Self {
        assert!(fine, "wanted {wanted}, but:\n{self}");
        self
    }
}
