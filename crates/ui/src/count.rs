//! Numbers on the command line.

use std::num::NonZero;

/// Parses a whole number of at least one.
pub fn parse(text: &str) -> Result<NonZero<usize>, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is not a number of at least 1"))
}

/// Parses a whole number, which may be zero.
pub fn parse_any(text: &str) -> Result<usize, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is not a whole number"))
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
        assert_eq!((parse_any("0"), parse_any("3")), (Ok(0), Ok(3)));
        let said = Err("`x` is not a whole number".to_owned());
        assert_eq!(parse_any("x"), said);
    }
}
