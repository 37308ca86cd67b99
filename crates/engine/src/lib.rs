//! The container engine, reached only by running its command-line program.
//!
//! Docker and podman, whatever their version, seen through one small interface. Engines differ;
//! every difference that is known has its place in the module `flavor`.
//!
//! - Answers are read as JSON, never as columns.
//! - No output of an engine reaches this process's stdout or stderr; the end of what it said is
//!   in the error ([`Error::tail`]).
//! - Success is what the exit status, and where that lies the output, says of it. For `load` even that
//!   is no proof: look with [`Engine::inspect`].
//! - Memory does not grow with what an engine writes.
//! - [`process::kill_all`] ends every call at once.
//!
//! ```
//! use engine::Engine;
//!
//! // Nothing is run yet; whether there is an engine is known by the first question.
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
