//! Bring an archive into the engine, verified.
//!
//! [`Loader`] is what other commands call; [`cli`] is the command.

mod act;
mod choice;
pub mod cli;
mod item;
mod lacking;
mod loader;
mod pin;
mod presence;
mod record;
mod sender;
mod unit;

pub use lacking::Lacking;
pub use loader::{Loaded, Loader, Outcome};
