//! Read files out of an archived image, without an engine.
//!
//! [`Opened`] finds the image that an operand means and lists its files; [`list`] and [`read`] print. [`cli`] is
//! the command. Nothing is written but what is printed.

pub mod cli;
mod escape;
pub mod list;
mod opened;
mod paths;
pub mod read;
mod selector;

pub use opened::{Opened, Opener};
pub use selector::ImageSelector;
