//! What a command did: exit code, stdout and stderr in one piece.

use std::fmt;

/// The outcome of a run. Every assertion shows all of it when it fails, and returns the outcome for the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The command line.
    pub command: String,
    /// The exit code; 128 and the signal's number where a signal ended it.
    pub code: i32,
    /// What it printed.
    pub stdout: String,
    /// What it said.
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

    /// It printed exactly this.
    #[track_caller]
    pub fn stdout(&self, text: &str) -> &Self {
        self.check(self.stdout == text, &format!("stdout `{text}`"))
    }

    /// It said this among other things.
    #[track_caller]
    pub fn stderr_has(&self, text: &str) -> &Self {
        self.check(self.stderr.contains(text), &format!("`{text}` on stderr"))
    }

    /// It did not say this.
    #[track_caller]
    pub fn stderr_lacks(&self, text: &str) -> &Self {
        self.check(
            !self.stderr.contains(text),
            &format!("no `{text}` on stderr"),
        )
    }

    /// It said nothing.
    #[track_caller]
    pub fn silent(&self) -> &Self {
        self.check(self.stderr.is_empty(), "nothing on stderr")
    }

    /// It failed as every command fails: this code, nothing on stdout, and on stderr a line `PROGRAM: … text …` without
    /// a panic, a backtrace or a Rust type's name.
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
