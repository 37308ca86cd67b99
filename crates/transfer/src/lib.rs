//! Moves images between the store, the engine and remote registries. Several commands use it.

pub mod fetch;
pub mod load;
pub mod save;
mod session;

pub use session::Session;
