//! What holds of whatever bytes somebody sends, as functions that panic where it does not. Each is one target of `fuzz/`,
//! and the ordinary tests run the committed corpus, and archives with damage in them, through the same functions.

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

/// Something that holds of all bytes, or panics.
pub type Probe = fn(&[u8]);

/// Each probe under the name of its fuzz target.
pub const ALL: [(&str, Probe); 5] = [
    ("tar_index", archive),
    ("image_json", documents),
    ("registry_edit", registry),
    ("names", names),
    ("plans", plans),
];
