//! Bring an archive into the engine, verified.
//!
//! [`Loader`] is what other commands call; [`cli`] is the command.

mod choice;
pub mod cli;
mod loader;
mod record;
pub mod target;

pub use loader::{Loaded, Loader};
pub use target::Target;
