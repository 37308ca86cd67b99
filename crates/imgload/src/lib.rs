//! Bring an archive into the engine, verified: the command over `transfer::load`.

mod act;
pub mod cli;
