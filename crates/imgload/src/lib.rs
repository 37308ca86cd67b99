//! Loads an archive into the engine, verified: the command for `transfer::load`.

mod act;
pub mod cli;
