//! Keeps the store under its limits: the command for the library `prune`.

pub mod cli;
