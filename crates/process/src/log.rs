//! The log line of a call: its command line, as you would type it, without secrets.

use std::ffi::OsStr;
use std::fmt;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use crate::tail::one_line;

/// The longest part of a command line that is logged, in characters.
const LINE: usize = 4000;
/// Replaces a secret.
const MASK: &str = "***";
/// If a name contains one of these, its value is a secret.
const SECRETS: [&str; 6] = ["pass", "token", "secret", "credential", "auth", "key"];

/// A call to log, if the log is enabled.
#[derive(Debug)]
pub(crate) struct Logged {
    line: String,
    started: Instant,
}

impl Logged {
    /// Logs the start of the call, at level `TRACE`.
    pub(crate) fn start<'a>(
        program: &'a OsStr,
        args: impl Iterator<Item = &'a OsStr>,
    ) -> Option<Self> {
        if !tracing::enabled!(tracing::Level::DEBUG) {
            return None;
        }
        let words = [program].into_iter().chain(args);
        let words: Vec<_> = words.map(|word| quoted(&word.to_string_lossy())).collect();
        let line = one_line(&words.join(" "), LINE);
        tracing::trace!("start: {line}");
        Some(Self {
            line,
            started: Instant::now(),
        })
    }

    /// Logs the end of the call, at level `DEBUG`.
    pub(crate) fn end(&self, status: Option<ExitStatus>) {
        let time = Milliseconds(self.started.elapsed());
        let line = &self.line;
        match status {
            Some(status) => tracing::debug!("{line}: {status} after {time}"),
            None => tracing::debug!("{line}: no exit status after {time}"),
        }
    }
}

struct Milliseconds(Duration);

impl fmt::Display for Milliseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0.as_millis())
    }
}

/// A word quoted for a shell, with its secrets masked.
fn quoted(word: &str) -> String {
    let word = masked(word);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@+%*".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word;
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// A word without the password of a URL, and without the value of a secret name.
fn masked(word: &str) -> String {
    let word = without_password(word);
    match word.rsplit_once('=') {
        Some((name, value)) if !value.is_empty() && is_secret(name) && !value.contains('/') => {
            format!("{name}={MASK}")
        }
        _ => word,
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRETS.iter().any(|secret| name.contains(secret))
}

fn without_password(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else {
        return word.to_owned();
    };
    let authority = rest.split('/').next().unwrap_or_default();
    match authority.rsplit_once('@') {
        Some((user, _)) if user.contains(':') => {
            format!("{scheme}://{MASK}{}", &rest[user.len()..])
        }
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_and_secrets_masked() {
        for (word, expected) in [
            ("inspect", "inspect"),
            ("", "''"),
            ("a b", "'a b'"),
            ("it's", "'it'\\''s'"),
            ("{{json .}}", "'{{json .}}'"),
            ("--build-arg=API_TOKEN=abc", "--build-arg=API_TOKEN=***"),
            ("--password=x", "--password=***"),
            (
                "--authfile=/home/me/auth.json",
                "--authfile=/home/me/auth.json",
            ),
            ("id=token,src=/run/x", "id=token,src=/run/x"),
            ("ssh://me@host", "ssh://me@host"),
            ("https://me:pw@host:5/x@y", "https://***@host:5/x@y"),
        ] {
            assert_eq!(quoted(word), expected, "{word}");
        }
    }
}
