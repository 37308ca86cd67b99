//! Download images into the store, with no engine and no root.
//!
//! [`Fetcher`] is what other commands call; [`cli`] is the command.

pub mod cli;
mod download;
mod fetcher;
mod flags;
mod place;
mod platform;
mod published;
mod resolving;
mod saving;
mod wanted;

pub use fetcher::{Fetched, Fetcher};
pub use flags::{FetchFlags, Missing};
pub use place::Place;
pub use published::Published;
pub use wanted::{Names, Wanted};
