//! The functions of other layers that a command's frame calls.

use std::ffi::OsString;

use crate::Common;

/// The registered names for a command line, each with a description.
pub type Names = fn(words: &[OsString]) -> Vec<(String, String)>;

/// The functions of other layers that [`run`](crate::run) calls.
#[derive(Clone, Copy)]
pub struct Hooks {
    /// Completes names.
    pub names: Names,
    /// Warnings about the config, printed before the work begins.
    pub warnings: fn(&Common) -> Vec<String>,
    /// Whether this process is changing the store. An interrupt waits for that.
    pub is_writing: fn() -> bool,
    /// Prevents new changes of the store.
    pub stop_writing: fn(),
    /// Removes the temporary files of this process.
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
