//! Errors of engine calls.

use std::io;
use std::time::Duration;

use camino::Utf8PathBuf;
use failure::{Code, Reported};
use naming::{NameError, Reference};
use process::one_line;

use crate::complaint;

/// The largest length of an engine's output in an error, in characters.
const PIECE: usize = 240;

/// A failed engine call. `Display` is one line; [`Error::tail`] is the engine's own output.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The program does not exist.
    #[error("engine program `{program}` was not found")]
    NotFound {
        /// The program's name, as given.
        program: String,
    },

    /// The program exists, but the system cannot run it.
    #[error("engine program `{program}` cannot be run: {source}")]
    Start {
        /// The program's name, as given.
        program: String,
        /// The system's error.
        source: io::Error,
    },

    /// The program runs, but its engine does not answer.
    #[error("`{program}` cannot reach its engine: {reason}")]
    Unreachable {
        /// The program's name, as given.
        program: String,
        /// The line of its output that gives the reason.
        reason: String,
        /// The end of its output.
        tail: String,
    },

    /// Several images have IDs with this prefix.
    #[error("several images have an ID that begins with `{id}`")]
    AmbiguousId {
        /// The prefix of the ID.
        id: String,
    },

    /// The engine returned an error or was killed.
    #[error("`{command}` {outcome}")]
    Failed {
        /// Program and subcommand. Never all arguments: those of a build may be secret.
        command: String,
        /// `failed with exit status 1`, `was killed by signal 9`, …
        outcome: String,
        /// The end of its output.
        tail: String,
    },

    /// The call made no I/O for the time in [`Engine::with_timeout`](crate::Engine::with_timeout).
    #[error("`{command}` was aborted after {} without I/O", process::seconds(*limit))]
    Timeout {
        /// Program and subcommand.
        command: String,
        /// The limit.
        limit: Duration,
    },

    /// [`kill_all`](process::kill_all) ended the call, or ran before it.
    #[error("interrupted")]
    Interrupted,

    /// The engine's output has an unexpected form.
    #[error("`{command}` printed something unexpected: `{piece}`")]
    BadOutput {
        /// Program and subcommand.
        command: String,
        /// The beginning of the wrong output, in one line that is safe for a terminal.
        piece: String,
    },

    /// An image name is neither a reference nor an ID, or does not fit the call.
    #[error(transparent)]
    Name(#[from] NameError),

    /// A reference lacks the tag that is to be set or removed.
    #[error("`{reference}` has no tag")]
    NoTag {
        /// The reference.
        reference: Reference,
    },

    /// The tag for a build is already taken.
    #[error("the engine already has an image tagged `{tag}`")]
    TagTaken {
        /// The tag.
        tag: Reference,
    },

    /// A build argument that the engine's client would read as its own setting.
    #[error("the build argument `{name}` would change the engine's client")]
    Argument {
        /// Its name.
        name: String,
    },

    /// A build with secrets, but the builder does not support them.
    #[error("the plan has `build.secrets`, but Docker's legacy builder does not support secrets")]
    NoSecrets,

    /// A build succeeded, but the engine lacks the image.
    #[error("the build succeeded, but the engine has no image `{tag}`")]
    NotBuilt {
        /// The tag for the result.
        tag: Reference,
    },

    /// A build file that cannot be read.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: Utf8PathBuf,
        /// The system's error.
        source: io::Error,
    },

    /// The system failed to create a pipe or a thread, or to wait for the child.
    #[error("`{command}`: {source}")]
    Io {
        /// Program and subcommand.
        command: String,
        /// The system's error.
        source: io::Error,
    },
}

impl From<process::Error> for Error {
    fn from(error: process::Error) -> Self {
        use process::Error as Call;
        match error {
            Call::NotFound { program } => Self::NotFound { program },
            Call::Start { program, source } => Self::Start { program, source },
            Call::Failed {
                program,
                command,
                outcome,
                tail,
            } => match complaint::unreachable_line(&tail) {
                Some(line) => Self::Unreachable {
                    program,
                    reason: one_line(line, PIECE),
                    tail,
                },
                None => Self::Failed {
                    command,
                    outcome,
                    tail,
                },
            },
            Call::Timeout { command, limit } | Call::TooLong { command, limit } => {
                Self::Timeout { command, limit }
            }
            Call::BadOutput { command, piece } => Self::BadOutput { command, piece },
            Call::Io { command, source } => Self::Io { command, source },
            _ => Self::Interrupted,
        }
    }
}

impl Error {
    /// The end of the engine's output, safe for a terminal; `None` if there is none.
    pub fn tail(&self) -> Option<&str> {
        match self {
            Self::Unreachable { tail, .. } | Self::Failed { tail, .. } => {
                Some(tail.as_str()).filter(|tail| !tail.is_empty())
            }
            _ => None,
        }
    }

    /// Whether the engine only reports that the image is missing.
    pub fn is_missing(&self) -> bool {
        self.tail().is_some_and(complaint::only_missing)
    }

    /// Whether the engine's command was aborted.
    pub(crate) fn is_cut_off(&self) -> bool {
        matches!(self, Self::Interrupted | Self::Timeout { .. })
    }
}

impl Reported for Error {
    fn code(&self) -> Code {
        match self {
            Self::Name(_) | Self::Argument { .. } | Self::AmbiguousId { .. } => Code::Invalid,
            _ => Code::Engine,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotFound { .. } => Some("install Docker or podman, or set the engine with --engine".into()),
            Self::Unreachable { reason, .. } if reason.contains("permission denied") => {
                Some("run as root, or join the group that owns the engine's socket (often `docker`)".into())
            }
            Self::Unreachable { program, .. } => {
                Some(format!("start the engine; `{program} info` and `DOCKER_HOST` show which engine is used"))
            }
            Self::Argument { name } => {
                let name = name.trim_start_matches('_');
                Some(format!("rename it in the build file and in the plan, for example to `BUILD_{name}`"))
            }
            Self::AmbiguousId { .. } => Some("give more digits of the ID".into()),
            Self::NoSecrets => {
                Some("set DOCKER_BUILDKIT=1 to build with BuildKit (Docker 23 and newer need the buildx plugin), or use podman".into())
            }
            Self::NotBuilt { .. } => {
                Some("the current builder does not store images in the engine; `docker buildx use default` selects one that does".into())
            }
            Self::Name(error) => error.hint().map(str::to_owned),
            _ => None,
        }
    }

    fn tail(&self) -> Option<String> {
        // An engine that is asked about several images complains for each.
        let message = self.to_string();
        let is_new = |tail: &&str| !tail.lines().all(|line| message.contains(line.trim()));
        self.tail().filter(is_new).map(str::to_owned)
    }
}

/// A failed [`Engine::load`](crate::Engine::load).
#[derive(Debug, thiserror::Error)]
pub enum LoadError<E> {
    /// The input of the engine failed. The engine was killed before it saw the end of the stream.
    #[error(transparent)]
    Feed(E),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] Error),
}

/// A failed [`Engine::save`](crate::Engine::save).
#[derive(Debug, thiserror::Error)]
pub enum SaveError<E> {
    /// The reader of the engine's stream failed, and the engine did not.
    #[error(transparent)]
    Read(E),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] Error),
}

impl<E: Reported> Reported for LoadError<E> {
    fn code(&self) -> Code {
        match self {
            Self::Feed(error) => error.code(),
            Self::Engine(error) => error.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Feed(error) => error.hint(),
            Self::Engine(error) => error.hint(),
        }
    }

    fn tail(&self) -> Option<String> {
        match self {
            Self::Feed(error) => error.tail(),
            Self::Engine(error) => Reported::tail(error),
        }
    }
}

impl<E> From<process::Error> for LoadError<E> {
    fn from(error: process::Error) -> Self {
        Self::Engine(error.into())
    }
}

impl<E: Reported> Reported for SaveError<E> {
    fn code(&self) -> Code {
        match self {
            Self::Read(error) => error.code(),
            Self::Engine(error) => error.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Read(error) => error.hint(),
            Self::Engine(error) => error.hint(),
        }
    }

    fn tail(&self) -> Option<String> {
        match self {
            Self::Read(error) => error.tail(),
            Self::Engine(error) => Reported::tail(error),
        }
    }
}

impl<E> From<process::Error> for SaveError<E> {
    fn from(error: process::Error) -> Self {
        Self::Engine(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_that_complains_for_each_name_is_quoted_once() {
        let reason = "Cannot connect to the Docker daemon".to_owned();
        for (tail, shown) in [
            (reason.clone(), false),
            (format!("{reason}\n{reason}\n"), false),
            (format!("{reason}\ndial unix: no such file\n"), true),
        ] {
            let error = Error::Unreachable {
                program: "docker".into(),
                reason: reason.clone(),
                tail: tail.clone(),
            };
            assert_eq!(Reported::tail(&error).is_some(), shown, "{tail}");
        }
    }
}
