//! Puts an image into the store and registers it: the command for `transfer::save`.

pub mod cli;
mod on_base;
