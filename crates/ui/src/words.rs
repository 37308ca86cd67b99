//! Standard error, which may be closed, full, or a pipe without a reader.

use std::fmt::Display;
use std::io::{self, Write as _};

/// Writes a line to standard error, at once and whole. A failure ends no work and changes no exit code.
pub(crate) fn line(line: impl Display) {
    drop(io::stderr().write_all(format!("{line}\n").as_bytes()));
}
