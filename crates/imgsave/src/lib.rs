//! Put an image into the store and register it.
//!
//! [`Saver`] is what other commands call; [`cli`] is the command.

pub mod cli;
mod entry;
mod naming_choice;
mod saver;
mod source;

pub use entry::{Contents, DraftEntry, contradicts};
pub use naming_choice::{Naming, compliant_name};
pub use saver::{Saved, Saver};
pub use source::Source;
