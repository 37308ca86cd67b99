//! The errors of running a program.

use std::io;
use std::time::Duration;

/// A failed call. `Display` is one line; the program's own output is in [`Error::Failed`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The program does not exist.
    #[error("program `{program}` was not found")]
    NotFound {
        /// The program, as named.
        program: String,
    },

    /// The program exists, but the system cannot run it.
    #[error("program `{program}` cannot be run: {source}")]
    Start {
        /// The program, as named.
        program: String,
        /// The system's error.
        source: io::Error,
    },

    /// The program failed or was killed.
    #[error("`{command}` {outcome}")]
    Failed {
        /// The program, as named.
        program: String,
        /// Program and subcommand. Never all arguments: some may be secret.
        command: String,
        /// `failed with exit status 1`, `was killed by signal 9`, …
        outcome: String,
        /// The end of its output, without control characters.
        tail: String,
    },

    /// The program was without I/O for longer than its timeout.
    #[error("`{command}` was aborted after {} without I/O", seconds(*limit))]
    Timeout {
        /// Program and subcommand.
        command: String,
        /// The timeout.
        limit: Duration,
    },

    /// The program took longer than allowed.
    #[error("`{command}` timed out after {}", seconds(*limit))]
    TooLong {
        /// Program and subcommand.
        command: String,
        /// The limit.
        limit: Duration,
    },

    /// [`kill_all`](crate::kill_all) ended the call, or was called before it.
    #[error("interrupted")]
    Interrupted,

    /// The program's answer is invalid.
    #[error("`{command}` printed something unexpected: `{piece}`")]
    BadOutput {
        /// Program and subcommand.
        command: String,
        /// The beginning of the invalid part, on one line without control characters.
        piece: String,
    },

    /// The system failed to create a pipe or a thread, or to report the child's status.
    #[error("`{command}`: {source}")]
    Io {
        /// Program and subcommand.
        command: String,
        /// The system's error.
        source: io::Error,
    },
}

/// `1 second`, `2 seconds`, `0.5 seconds`.
pub fn seconds(limit: Duration) -> String {
    match limit.as_secs_f64() {
        1.0 => "1 second".to_owned(),
        seconds => format!("{seconds} seconds"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_in_words() {
        for (limit, words) in [
            (500, "0.5 seconds"),
            (1000, "1 second"),
            (90_000, "90 seconds"),
        ] {
            assert_eq!(seconds(Duration::from_millis(limit)), words);
        }
    }
}
