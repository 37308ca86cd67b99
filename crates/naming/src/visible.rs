//! Foreign texts, made safe to show.

/// Whether a character can control a terminal, end a line, or change the direction of text: then the shown text may
/// differ from the real one.
pub fn steers(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// The text on one line. Every character that [`steers`] is escaped as in Rust.
pub fn visible(text: impl IntoIterator<Item = char>) -> String {
    let mut out = String::new();
    for c in text {
        if steers(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_is_escaped() {
        for (text, shown) in [
            ("äß 1", "äß 1"),
            ("a\nb\tc\r", "a\\nb\\tc\\r"),
            ("\u{1b}[31m\u{9b}\0", "\\u{1b}[31m\\u{9b}\\u{0}"),
            (
                "\u{202e}txt\u{2066}\u{2028}",
                "\\u{202e}txt\\u{2066}\\u{2028}",
            ),
        ] {
            assert_eq!(visible(text.chars()), shown);
        }
    }
}
