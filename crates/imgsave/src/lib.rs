//! Put an image into the store and register it.
//!
//! [`Saver`] is what other commands call; [`cli`] is the command.

pub mod cli;
mod entry;
mod flags;
mod naming_choice;
mod room;
mod saver;
mod source;

pub use entry::{Contents, DraftEntry, contradicts};
pub use flags::{ArchiveFlags, FormFlags, Thin, Wanted};
pub use naming_choice::{Naming, compliant_name};
pub use saver::{Form, Saved, Saver};
pub use source::Source;
