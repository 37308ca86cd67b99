//! What a command's frame asks of layers that it does not know.

use std::ffi::OsString;

use crate::Common;

/// The registered names that a command line leads to, each with a word about it.
pub type Names = fn(words: &[OsString]) -> Vec<(String, String)>;

/// What [`run`](crate::run) asks of the layers below a command.
#[derive(Clone, Copy)]
pub struct Hooks {
    /// What completes a name.
    pub names: Names,
    /// What is odd about the config: said before the work begins.
    pub warnings: fn(&Common) -> Vec<String>,
    /// Whether this process changes the store. An interrupt waits for that.
    pub is_writing: fn() -> bool,
    /// Lets nothing begin to change the store.
    pub stop_writing: fn(),
    /// Removes the unfinished files of this process.
    pub remove_unfinished: fn(),
}

impl Hooks {
    /// For a command without a store.
    pub const NONE: Self = Self {
        names: |_| Vec::new(),
        warnings: |_| Vec::new(),
        is_writing: || false,
        stop_writing: || {},
        remove_unfinished: || {},
    };
}
