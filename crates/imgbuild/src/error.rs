//! The errors of build files and other inputs, found before the engine is asked.

use camino::Utf8PathBuf;
use failure::{Code, Reported};
use naming::{ImageName, NameError, Os};
use thiserror::Error;

/// An invalid input of a build.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// No package manager is known for the base, so nothing can be generated.
    #[error("cannot generate a build file: no known package manager for {os}")]
    UnknownManager {
        /// The base's system as text: `` `gentoo` `` or "a base without os-release".
        os: String,
        /// The image to build.
        name: String,
        /// Its project.
        project: String,
    },
    /// A name violates the package manager's grammar.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A package manager has no packages for 32-bit programs.
    #[error(
        "cannot build variant `x86` with {manager}: it has no 32-bit packages next to 64-bit ones"
    )]
    No32Bit {
        /// The package manager.
        manager: &'static str,
    },
    /// A hand-written build file is invalid, or uses an unsupported feature.
    #[error("line {line}: {reason}")]
    BuildFile {
        /// The first line of the instruction, from 1.
        line: usize,
        /// The reason.
        reason: String,
    },
    /// A build file has no stage of this name.
    #[error("the build file has no stage `{}`", target.escape_debug())]
    NoStage {
        /// The stage to build.
        target: String,
        /// The names of its stages; empty for one without a name.
        stages: Vec<String>,
    },
    /// An ignore file has an invalid pattern.
    #[error("{path}:{line}: `{pattern}` is not a valid pattern")]
    Pattern {
        /// The ignore file.
        path: Utf8PathBuf,
        /// The line, from 1.
        line: usize,
        /// The pattern.
        pattern: String,
    },
    /// A step has an invalid pattern for files.
    #[error("`{}` is not a valid pattern", pattern.escape_debug())]
    NoPattern {
        /// The pattern.
        pattern: String,
    },
    /// A step names missing files.
    #[error("there is no file `{}` in {folder}", patterns.escape_debug())]
    NoFiles {
        /// The patterns.
        patterns: String,
        /// The folder in which they are missing.
        folder: Utf8PathBuf,
    },
    /// A file of the build context cannot be read.
    #[error("{path}: {source}")]
    Context {
        /// The file or folder.
        path: Utf8PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
}

/// This crate's result of work without an engine.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// For a base with an unknown package manager; `os` is its os-release's system.
    pub fn unknown_manager(os: Option<&Os>, name: &ImageName) -> Self {
        Self::UnknownManager {
            os: os.map_or_else(
                || "a base without os-release".into(),
                |os| format!("`{os}`"),
            ),
            name: name.to_string(),
            project: name.project().to_owned(),
        }
    }
}

impl Reported for Error {
    fn code(&self) -> Code {
        match self {
            Self::Context { .. } => Code::Other,
            _ => Code::Invalid,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownManager { name, project, .. } => Some(format!(
                "write images/{project}/Dockerfile.{name}, or set the plan's `build.dockerfile`"
            )),
            Self::Name(error) => error.hint().map(str::to_owned),
            Self::No32Bit { .. } => Some("ask for `architecture: x86` instead".to_owned()),
            Self::NoFiles { .. } => Some("files in .dockerignore are ignored".to_owned()),
            Self::NoStage { stages, .. } => {
                let names = stages.iter().filter(|name| !name.is_empty());
                let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
                Some(match &names[..] {
                    [] => "name a stage: `FROM image AS name`".to_owned(),
                    names => format!("its stages are {}", names.join(", ")),
                })
            }
            Self::BuildFile { .. }
            | Self::Pattern { .. }
            | Self::NoPattern { .. }
            | Self::Context { .. } => None,
        }
    }
}
