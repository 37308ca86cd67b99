//! The settings of a project: `local-ci-config.yml` or `.localci.yml`.

mod config;
mod error;
mod plan;
mod published;
mod section;
mod value;

pub use config::Config;
pub use error::Error;
pub use plan::{MATRIX_KEYS, Planning};
pub use published::Published;
pub use section::Section;
pub use value::{Setting, UnknownKey};
