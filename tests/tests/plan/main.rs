//! What imgplan makes of requirements. No engine is needed.

mod rules;
mod stale;
