//! Verify an archive and load it into the engine.
//!
//! See [`Loader`].

mod batch;
mod choice;
mod decide;
mod engine_state;
mod groups;
mod item;
mod loader;
mod missing_bytes;
mod pin;
mod record;
mod relatives;
mod sender;
mod unit;

pub use engine_state::EngineState;
pub use loader::{Loaded, Loader, Outcome};
