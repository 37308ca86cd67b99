//! The errors of requirements and plans.

use failure::{Code, Reported};
use thiserror::Error;

/// Why a requirement or a plan was refused. The message has line and column.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A requirement is not valid.
    #[error("requirement is not valid: {0}")]
    Requirement(String),
    /// A plan is not valid.
    #[error("plan is not valid: {0}")]
    Plan(String),
    /// The text has no requirement.
    #[error("holds no requirement")]
    NoRequirement,
    /// The text has no plan.
    #[error("holds no plan")]
    NoPlan,
    /// A requirement's image has no valid name.
    #[error(transparent)]
    Name(#[from] naming::NameError),
    /// The plans cannot be read.
    #[error("cannot read plans: {0}")]
    Read(#[source] std::io::Error),
}

impl Reported for Error {
    fn code(&self) -> Code {
        match self {
            Self::Read(_) => Code::Other,
            _ => Code::Invalid,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Name(error) => error.hint().map(str::to_owned),
            Self::NoRequirement => {
                Some("a requirement needs at least `project:` and `os:`".to_owned())
            }
            Self::Plan(_) => Some("imgplan prints plans: `imgplan FILE | imgbuild`".to_owned()),
            _ => None,
        }
    }
}
