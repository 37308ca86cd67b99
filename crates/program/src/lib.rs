//! Running other programs: their streams, their end, what is left of what they said.
//!
//! Whoever reaches something by its command-line program does so through a [`Call`].
//!
//! - Nothing is inherited: stdin is empty or a pipe, stdout and stderr are always captured.
//! - Memory does not grow with what a program writes ([`Tail`], [`Chunks`]).
//! - What is shown of its output is harmless to a terminal ([`one_line`], [`Lines`]).
//! - [`kill_all`] ends every call of the process at once.

mod call;
mod child;
mod collect;
mod error;
mod feed;
mod lines;
mod tail;

pub use call::{Call, Output, Streams, TAIL};
pub use child::{
    Child, Cleaning, Running, SIGTERM, Stop, interrupted, is_busy, is_cleaning, kill_all, kill_rest,
};
pub use collect::{Chunk, Chunks, Collector};
pub use error::Error;
pub use feed::Input;
pub use lines::Lines;
pub use tail::{Tail, one_line};
