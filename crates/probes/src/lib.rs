//! Properties of any input, as functions that panic if a property does not hold. Each is one target of `fuzz/`. The
//! ordinary tests run the committed corpus and damaged archives through the same functions.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a probe ends where something does not hold"
)]

mod archive;
mod composed;
mod documents;
mod names;
mod plans;
mod registry;
mod words;

pub use archive::{Verdict, archive, read};
pub use documents::documents;
pub use names::names;
pub use plans::plans;
pub use registry::registry;

/// A property of all bytes; panics if it does not hold.
pub type Probe = fn(&[u8]);

/// Each probe by the name of its fuzz target.
pub const ALL: [(&str, Probe); 5] = [
    ("tar_index", archive),
    ("image_json", documents),
    ("registry_edit", registry),
    ("names", names),
    ("plans", plans),
];
