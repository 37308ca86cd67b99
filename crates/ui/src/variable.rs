//! Environment variables of other programs.

/// Whether a variable of this name exists; it may be empty.
pub fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some()
}
