//! The container engine, reached only by running its command-line program.
//!
//! One small interface for all versions of Docker and podman. The module `flavor` has every known difference between
//! engines.
//!
//! - Answers are read as JSON, never as columns.
//! - No output of an engine reaches this process's stdout or stderr. The end of its output is in the error
//!   ([`Error::tail`]).
//! - The exit status decides on success, and the output if the status is known to be wrong. For `load` even that is no
//!   proof: check with [`Engine::inspect`].
//! - Memory does not grow with an engine's output.
//! - [`process::kill_all`] ends every call at once.
//!
//! ```
//! use engine::Engine;
//!
//! // Runs nothing yet; the first question shows whether there is an engine.
//! let engine = Engine::new("/nonexistent/docker");
//! let error = engine.probe().expect_err("no such program");
//! assert!(error.to_string().contains("/nonexistent/docker"));
//! ```

mod arguments;
mod build;
mod complaint;
mod containers;
mod engine;
mod error;
mod flavor;
mod held;
mod image;
mod inspect;
mod interrupted;
mod leftovers;
mod legacy;
mod platform;
mod secrets;
mod several;
mod spool;
mod stream;
mod tags;
mod temporary;
mod working;

pub use build::{Build, BuildFile};
pub use containers::Container;
pub use engine::Engine;
pub use error::{Error, LoadError, SaveError};
pub use flavor::{Flavor, StoreKind, Version};
pub use held::Held;
pub use image::ImageInfo;
pub use interrupted::{InterruptedBuild, Notes};
pub use process::Input;
pub use temporary::TemporaryTag;
