//! What can go wrong between this process and an engine.

use std::io;
use std::time::Duration;

use camino::Utf8PathBuf;
use failure::{Code, Reported};
use naming::{NameError, Reference};
use process::one_line;

use crate::complaint;

/// Characters of an engine's word that an error shows.
const PIECE: usize = 240;

/// A failed engine call. `Display` is one line; what the engine itself said is [`Error::tail`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such program.
    #[error("engine program `{program}` was not found")]
    NotFound {
        /// The program as it was named.
        program: String,
    },

    /// The program is there but the system does not run it.
    #[error("engine program `{program}` cannot be run: {source}")]
    Start {
        /// The program as it was named.
        program: String,
        /// What the system says.
        source: io::Error,
    },

    /// The program runs, but the engine behind it does not answer it.
    #[error("`{program}` cannot reach its engine: {reason}")]
    Unreachable {
        /// The program as it was named.
        program: String,
        /// The line in which the program says so.
        reason: String,
        /// The end of its output.
        tail: String,
    },

    /// Several images have IDs that begin so.
    #[error("several images have an ID that begins with `{id}`")]
    AmbiguousId {
        /// The beginning of the ID.
        id: String,
    },

    /// The engine refused or broke off.
    #[error("`{command}` {outcome}")]
    Failed {
        /// Program and subcommand. Never all arguments: those of a build may be secret.
        command: String,
        /// `failed with exit status 1`, `was killed by signal 9`, …
        outcome: String,
        /// The end of its output.
        tail: String,
    },

    /// The engine moved no byte for as long as [`Engine::with_timeout`](crate::Engine::with_timeout) allows.
    #[error("`{command}` was aborted after {} without I/O", process::seconds(*limit))]
    Timeout {
        /// Program and subcommand.
        command: String,
        /// The limit that was set.
        limit: Duration,
    },

    /// [`kill_all`](process::kill_all) ended the call, or came before it.
    #[error("interrupted")]
    Interrupted,

    /// The engine's answer is not what it answers.
    #[error("`{command}` printed something unexpected: `{piece}`")]
    BadOutput {
        /// Program and subcommand.
        command: String,
        /// The beginning of what is wrong, in one harmless line.
        piece: String,
    },

    /// The name of an image is neither a reference nor an ID, or not one that fits the call.
    #[error(transparent)]
    Name(#[from] NameError),

    /// A reference without a tag, where a tag is to be set or removed.
    #[error("`{reference}` has no tag")]
    NoTag {
        /// The reference.
        reference: Reference,
    },

    /// A build was to set a tag that an image has already.
    #[error("the engine already has an image tagged `{tag}`")]
    TagTaken {
        /// The tag.
        tag: Reference,
    },

    /// A build argument that the engine's client would take for a setting of its own.
    #[error("the build argument `{name}` would change the engine's client")]
    Argument {
        /// Its name.
        name: String,
    },

    /// A build with secrets, and a builder that knows none.
    #[error("the plan has `build.secrets`, but Docker's legacy builder does not support secrets")]
    NoSecrets,

    /// A build succeeded, but the engine does not have the image.
    #[error("the build succeeded, but the engine has no image `{tag}`")]
    NotBuilt {
        /// The tag that was to be set.
        tag: Reference,
    },

    /// A build file that cannot be read.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: Utf8PathBuf,
        /// What the system says.
        source: io::Error,
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
    /// The end of what the engine wrote, harmless to a terminal; `None` where it wrote nothing.
    pub fn tail(&self) -> Option<&str> {
        match self {
            Self::Unreachable { tail, .. } | Self::Failed { tail, .. } => {
                Some(tail.as_str()).filter(|tail| !tail.is_empty())
            }
            _ => None,
        }
    }

    /// Whether the engine says that the image is not there, and nothing else.
    pub fn is_missing(&self) -> bool {
        self.tail().is_some_and(complaint::only_missing)
    }

    /// Whether the engine's command was ended before its time.
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
        let message = self.to_string();
        let tail = self.tail().filter(|tail| !message.contains(tail.trim()));
        tail.map(str::to_owned)
    }
}

/// A failed [`Engine::load`](crate::Engine::load).
#[derive(Debug, thiserror::Error)]
pub enum LoadError<E> {
    /// What fed the engine failed; the engine was ended before it saw the end of the stream.
    #[error(transparent)]
    Feed(E),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] Error),
}

/// A failed [`Engine::save`](crate::Engine::save).
#[derive(Debug, thiserror::Error)]
pub enum SaveError<E> {
    /// What read the engine's stream failed, and not because the engine had.
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
