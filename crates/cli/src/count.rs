//! Numbers of things at a time on the command line.

use std::num::NonZero;

/// Reads a whole number of one or more.
pub fn parse(text: &str) -> Result<NonZero<usize>, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is not a number of one or more"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_least() {
        assert_eq!(parse("3").map(NonZero::get), Ok(3));
        for text in ["0", "-1", "1.5", "", "many", "99999999999999999999"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
