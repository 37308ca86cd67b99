//! Keeps the store under its limits, and never removes an image in use.
//!
//! [`select()`] decides. [`Pruner`] collects its input, and removes the images.

mod alike;
mod bases;
mod display_paths;
mod engine_uses;
mod entries;
mod interrupted;
mod leftovers;
mod limits;
mod orphans;
mod pruner;
mod report;
mod room;
mod select;

pub use alike::is_alike;
pub use limits::{Asked, InForce, KeepLast, Limits, Origin, Per};
pub use pruner::{PruneOptions, Pruner};
pub use report::{Gone, GoneKind, Report};
pub use select::{Disk, Going, Hold, PrunePlan, Staying, StoredImage, Unmet, Why, select};
