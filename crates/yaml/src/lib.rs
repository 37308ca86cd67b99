//! YAML with positions, and edits that leave the rest of the text byte for byte.
//!
//! [`parse`] makes a [`Tree`], whose nodes know their bytes. [`Changes`] replaces parts of the text. [`SpannedValue`] is a
//! document as plain values with positions.

mod builder;
mod changes;
mod edit;
mod error;
mod file;
pub mod layout;
mod offsets;
mod problem;
mod scalar;
mod spanned;
mod tree;

pub use builder::{MAX_NODES, parse};
pub use changes::Changes;
pub use edit::{YamlValue, inline, set};
pub use error::Error;
pub use file::{MAX_BYTES, read};
pub use problem::{Mark, Problem, shown, wrong};
pub use scalar::{Plain, is_null, plain, text, written};
pub use spanned::{Content, SpannedValue};
pub use tree::{Node, Style, Tree, Value};
