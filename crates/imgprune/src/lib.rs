//! Keeps a store within its limits: decides which of its images go.

mod select;

pub use select::{
    Candidate, Going, Hold, KeepLast, Limits, Missed, Per, Reason, Selection, Staying, Unmet, Why,
    select,
};
