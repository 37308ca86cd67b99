//! Put an image into the store and register it.
//!
//! See [`Saver`].

mod dependents;
mod entry;
mod flags;
mod form;
mod naming_choice;
mod room;
mod saver;
mod source;
mod writing;

pub use entry::{Contents, DraftEntry, contradicts};
pub use flags::{ArchiveFlags, FormFlags, Thin, Wanted};
pub use form::Form;
pub use naming_choice::{Naming, compliant_name};
pub use saver::{Saved, Saver};
pub use source::Source;
