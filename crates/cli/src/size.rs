//! Sizes for people.

use humansize::{DECIMAL, format_size};

/// `1.5 GB`: powers of ten, as `docker images` counts.
pub fn size(bytes: u64) -> String {
    format_size(bytes, DECIMAL)
}
