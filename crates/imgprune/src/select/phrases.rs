//! Reasons in words: short phrases that can follow a name and a colon.

use std::fmt;

use chrono::TimeDelta;
use humansize::{DECIMAL, format_size};

use super::{Hold, Missed, Reason, Why};

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pinned => write!(f, "pinned"),
            Self::Kept { pattern } => write!(f, "kept by --keep {pattern}"),
            Self::Leased { by } => write!(f, "leased by {by}"),
            Self::Container { id } => write!(f, "used by container {id}"),
            Self::Busy => write!(f, "in use by another command"),
            Self::ReadOnly => f.write_str("in a folder that can't be written"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooOld { age } => write!(f, "not used for {}", span(*age)),
            Self::NotAmongLast { count: 0, group } => write!(f, "none of {group} is to stay"),
            Self::NotAmongLast { count: 1, group } => write!(f, "not the last of {group}"),
            Self::NotAmongLast { count, group } => {
                write!(f, "not among the last {count} of {group}")
            }
            Self::StoreTooLarge { limit } => write!(f, "the store is over {}", size(*limit)),
            Self::DiskTooFull { limit } => write!(f, "less than {} free", size(*limit)),
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

impl fmt::Display for Missed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MaxSize { wanted, found } => {
                write!(
                    f,
                    "the store stays at {}, over {}",
                    size(*found),
                    size(*wanted)
                )
            }
            Self::MaxAge { wanted, found } => {
                let (wanted, found) = (span(*wanted), span(*found));
                write!(f, "an image not used for {found} stays, over {wanted}")
            }
            Self::KeepLast {
                group,
                wanted,
                found,
            } => write!(f, "{found} of {group} stay, not {wanted}"),
            Self::MinFree {
                wanted,
                found: Some(found),
            } => write!(f, "only {} free, not {}", size(*found), size(*wanted)),
            Self::MinFree {
                wanted,
                found: None,
            } => write!(f, "it is unknown whether {} are free", size(*wanted)),
        }
    }
}

/// Powers of ten, as all sizes of the suite.
fn size(bytes: u64) -> String {
    format_size(bytes, DECIMAL)
}

/// A span in its largest whole unit: `45 days`, `1 hour`.
fn span(span: TimeDelta) -> String {
    let (number, unit) = [
        (span.num_days(), "day"),
        (span.num_hours(), "hour"),
        (span.num_minutes(), "minute"),
    ]
    .into_iter()
    .find(|(number, _)| *number != 0)
    .unwrap_or((span.num_seconds(), "second"));
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}
