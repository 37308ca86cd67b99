//! Keep the store under its limits: the command over the library `prune`.

pub mod cli;
