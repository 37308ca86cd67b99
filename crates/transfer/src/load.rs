//! Bring an archive into the engine, verified.
//!
//! [`Loader`] does it.

mod choice;
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
