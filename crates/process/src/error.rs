//! What can go wrong between this process and a program that it runs.

use std::io;
use std::time::Duration;

/// A failed call. `Display` is one line; what the program itself said is in [`Error::Failed`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such program.
    #[error("program `{program}` was not found")]
    NotFound {
        /// The program as it was named.
        program: String,
    },

    /// The program is there but the system does not run it.
    #[error("program `{program}` cannot be run: {source}")]
    Start {
        /// The program as it was named.
        program: String,
        /// What the system says.
        source: io::Error,
    },

    /// The program failed or broke off.
    #[error("`{command}` {outcome}")]
    Failed {
        /// The program as it was named.
        program: String,
        /// Program and subcommand. Never all arguments: some may be secret.
        command: String,
        /// `failed with exit status 1`, `was killed by signal 9`, …
        outcome: String,
        /// The end of its output, harmless to a terminal.
        tail: String,
    },

    /// The program moved no byte for as long as its call allows.
    #[error("`{command}` was aborted after {} without I/O", seconds(*limit))]
    Timeout {
        /// Program and subcommand.
        command: String,
        /// The limit that was set.
        limit: Duration,
    },

    /// The program took longer than its call allows.
    #[error("`{command}` timed out after {}", seconds(*limit))]
    TooLong {
        /// Program and subcommand.
        command: String,
        /// The limit that was set.
        limit: Duration,
    },

    /// [`kill_all`](crate::kill_all) ended the call, or came before it.
    #[error("interrupted")]
    Interrupted,

    /// The program's answer is not what it answers.
    #[error("`{command}` printed something unexpected: `{piece}`")]
    BadOutput {
        /// Program and subcommand.
        command: String,
        /// The beginning of what is wrong, in one harmless line.
        piece: String,
    },

    /// The system gave no pipe, no thread or no word of the child.
    #[error("`{command}`: {source}")]
    Io {
        /// Program and subcommand.
        command: String,
        /// What the system says.
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
