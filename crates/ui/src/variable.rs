//! Variables of the environment that others read.

/// Whether there is a variable of this name, which may be empty.
pub fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some()
}
