//! Lists the images, and checks them.
//!
//! [`Lister`] looks at registered images without reading their layers, [`Checker`] reads every byte of them, and
//! [`pin()`] pins images. [`cli`] is the command.

mod age;
mod check;
pub mod cli;
mod finding;
mod forms;
mod listed;
mod lister;
mod loaded;
mod long;
mod pin;
mod record;
mod sharing;
mod sight;
mod table;
#[cfg(test)]
mod testing;

pub use check::Checker;
pub use finding::{Finding, State};
pub use listed::{AlsoIn, Listed};
pub use lister::Lister;
pub use pin::pin;
