//! Reads files out of an archived image, without an engine.
//!
//! [`Opened`] finds the image of an operand and lists its files; [`list`] and [`read`] print. [`cli`] is the command.
//! It writes only to standard output.

pub mod cli;
mod escape;
pub mod list;
mod opened;
mod paths;
pub mod read;
mod selector;

pub use opened::{Opened, Opener};
pub use selector::ImageSelector;
