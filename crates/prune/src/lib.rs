//! Keeps the store under its limits, and never removes an image in use.
//!
//! [`select()`] decides. [`Pruner`] collects its input, and removes the images.

mod alike;
mod bases;
mod entries;
mod interrupted;
mod leftovers;
mod limits;
mod pruner;
mod report;
mod room;
mod select;
mod shown;
mod strays;
mod uses;

pub use alike::is_alike;
pub use limits::{Asked, InForce, KeepLast, Limits, Origin, Per};
pub use pruner::{Options, Pruner};
pub use report::{Gone, GoneKind, Report};
pub use select::{Candidate, Disk, Going, Hold, Selection, Staying, Unmet, Why, select};
