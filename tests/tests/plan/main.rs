//! imgplan's plans for requirements. No engine is needed.

mod rules;
mod stale;
