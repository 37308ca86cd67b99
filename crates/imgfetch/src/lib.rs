//! Downloads images into the store, without an engine and without root: the command for `transfer::fetch`.

pub mod cli;
