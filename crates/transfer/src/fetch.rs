//! Download images into the store, with no engine and no root.
//!
//! See [`Fetcher`].

mod download;
mod fetcher;
mod flags;
mod place;
mod platform;
mod resolving;
mod saving;
mod wanted;

pub use fetcher::{Fetched, Fetcher};
pub use flags::{FetchFlags, Missing, remote};
pub use wanted::{Names, Wanted};
