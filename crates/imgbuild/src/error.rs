//! Why a build file, or what goes into a build, was refused before any engine was asked.

use camino::Utf8PathBuf;
use failure::{Code, Reported};
use naming::{ImageName, NameError, Os};
use thiserror::Error;

/// What is wrong with a build's input.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// No package manager is known for the base, so nothing can be generated.
    #[error("cannot generate a build file: no known package manager for {os}")]
    UnknownManager {
        /// What the base is, in words: `` `gentoo` `` or "a base without os-release".
        os: String,
        /// The image that was to be built.
        name: String,
        /// Its project.
        project: String,
    },
    /// A name does not comply with the package manager's grammar.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A package manager has nothing that makes 32-bit programs.
    #[error(
        "cannot build variant `x86` with {manager}: it has no 32-bit packages next to 64-bit ones"
    )]
    No32Bit {
        /// The package manager.
        manager: &'static str,
    },
    /// A hand-written build file is not one, or asks for what is not supported.
    #[error("line {line}: {reason}")]
    BuildFile {
        /// The line on which the instruction starts, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A build file has no stage of this name.
    #[error("the build file has no stage `{}`", target.escape_debug())]
    NoStage {
        /// The stage that was to be built.
        target: String,
        /// The names of its stages; empty for one without a name.
        stages: Vec<String>,
    },
    /// An ignore file holds a pattern that is none.
    #[error("{path}:{line}: `{pattern}` is not a valid pattern")]
    Pattern {
        /// The ignore file.
        path: Utf8PathBuf,
        /// The line, from 1.
        line: usize,
        /// The pattern.
        pattern: String,
    },
    /// A step names files by a pattern that is none.
    #[error("`{}` is not a valid pattern", pattern.escape_debug())]
    NoPattern {
        /// The pattern.
        pattern: String,
    },
    /// A step names files that are not there.
    #[error("there is no file `{}` in {folder}", patterns.escape_debug())]
    NoFiles {
        /// The patterns.
        patterns: String,
        /// Where the files should be.
        folder: Utf8PathBuf,
    },
    /// A file of the build context can't be read.
    #[error("{path}: {source}")]
    Context {
        /// The file or folder.
        path: Utf8PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
}

/// This crate's result of what needs no engine.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// For a base whose package manager is not known; `os` is what its os-release names.
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
