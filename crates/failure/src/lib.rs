//! Why a command fails: a message, a hint, and the exit code.
//!
//! Each crate's error implements [`Reported`], so that this crate knows none of them. `?` then turns any of them into a [`Failure`].
//!
//! ```
//! use failure::{Code, Failure};
//!
//! let failure = Failure::invalid("is not a name").about("a/b").with_hint("see docs/naming.md");
//! assert_eq!(failure.to_string(), "a/b: is not a name\nhint: see docs/naming.md");
//! assert_eq!(failure.code(), Code::Invalid);
//! assert_eq!(Code::Invalid.number(), 3);
//! ```

mod code;
mod failure;
mod reported;

pub use code::Code;
pub use failure::{Failure, one_line};
pub use reported::Reported;
