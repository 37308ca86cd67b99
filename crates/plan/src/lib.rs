//! Requirements, matching and plans.
