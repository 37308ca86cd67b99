//! Reasons as short phrases that can follow a name and a colon.

use std::fmt;

use super::{Hold, Why};

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pinned => write!(f, "pinned"),
            Self::Kept { pattern } => write!(f, "kept by --keep {pattern}"),
            Self::Leased { by } => write!(f, "leased by {by}"),
            Self::MaybeLeased => f.write_str("possibly leased: a lease cannot be read"),
            Self::Container { id } => write!(f, "used by container {id}"),
            Self::Busy => write!(f, "in use by another command"),
            Self::Base { of } => write!(f, "base of {of}"),
            Self::ReadOnly => f.write_str("in a folder that is not writable"),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held(hold) => hold.fmt(f),
            Self::BaseOf(names) => write!(f, "base of {}", names.join(", ")),
            Self::WithinLimits => write!(f, "within the limits"),
        }
    }
}
