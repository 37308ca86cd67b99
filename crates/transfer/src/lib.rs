//! Images between the store, the engine and remote registries: what several commands do.

pub mod fetch;
pub mod load;
pub mod save;
mod session;

pub use session::Session;
