//! Download images into the store, with no engine and no root: the command over `transfer::fetch`.

pub mod cli;
