//! Runs other programs: their streams, their end, and the end of their output.
//!
//! Every crate that runs a program does so through a [`Call`].
//!
//! - Nothing is inherited: stdin is empty or a pipe, stdout and stderr are always captured.
//! - Memory does not grow with a program's output ([`Tail`], [`Chunks`]).
//! - Output that is shown has no control characters ([`one_line`], [`Lines`]).
//! - [`kill_all`] ends every call of the process at once, with all descendants.
//!
//! ```
//! use process::{Call, Lines};
//!
//! let call = Call::new("printf".as_ref(), "", None, false).arg("one\\ntwo\\033[2J");
//! let answer = call.answer()?;
//! let mut shown = Vec::new();
//! let mut lines = Lines::default();
//! lines.push(&answer, &mut |line| shown.push(line.to_owned()));
//! lines.finish(&mut |line| shown.push(line.to_owned()));
//! assert_eq!(shown[0], "one");
//! assert!(!shown[1].contains('\u{1b}'));
//! # Ok::<(), process::Error>(())
//! ```

mod activity;
mod call;
mod child;
mod cleanup;
mod collect;
mod error;
mod family;
mod feed;
mod lines;
mod log;
mod tail;

pub use call::{Call, Output, Streams, TAIL};
pub use child::{
    Child, Cleaning, Running, SIGTERM, Stop, interrupted, is_busy, is_cleaning, kill_all, kill_rest,
};
pub use cleanup::{clean_up, on_clean_up};
pub use collect::{Chunk, Chunks, Collector};
pub use error::{Error, seconds};
pub use family::MARK;
pub use feed::Input;
pub use lines::Lines;
pub use tail::{Tail, one_line};
