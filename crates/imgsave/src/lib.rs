//! Put an image into the store and register it: the command over `transfer::save`.

pub mod cli;
mod on_base;
