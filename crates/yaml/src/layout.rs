//! Finds positions in a YAML text: lines, indentation, and the tokens between two nodes.
//!
//! All functions work on text that the parser has accepted. Between two nodes there is only white space, comments,
//! indicators (`-`, `:`, `,`) and properties (`&anchor`, `!tag`). That is why such short scanners are correct.

use std::ops::Range;

/// The first byte of the line at `at`.
pub fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind(['\n', '\r']).map_or(0, |end| end + 1)
}

/// The end of the line at `at`, before its line break.
pub fn line_end(text: &str, at: usize) -> usize {
    text[at..]
        .find(['\n', '\r'])
        .map_or(text.len(), |end| at + end)
}

/// The position after the line break at `at`, if there is one.
pub fn after_break(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    if rest.starts_with("\r\n") {
        at + 2
    } else if rest.starts_with(['\n', '\r']) {
        at + 1
    } else {
        at
    }
}

/// The line break of the text's first line.
pub fn line_break(text: &str) -> &'static str {
    let end = line_end(text, 0);
    match &text[end..after_break(text, end)] {
        "\r\n" => "\r\n",
        "\r" => "\r",
        _ => "\n",
    }
}

/// How many characters precede `at` in its line.
pub fn column(text: &str, at: usize) -> usize {
    let line = &text[line_start(text, at)..at];
    line.trim_start_matches('\u{feff}').chars().count()
}

/// Whether there is only white space in a range.
pub fn blank(text: &str, range: Range<usize>) -> bool {
    text[range].bytes().all(|b| matches!(b, b' ' | b'\t'))
}

/// The end of a range without trailing white space and line breaks.
pub fn trimmed_end(text: &str, range: Range<usize>) -> usize {
    let start = range.start;
    start + text[range].trim_end_matches([' ', '\t', '\n', '\r']).len()
}

/// The first byte from `at` on that is not white space, a comment or one of `indicators`; the end of the text if there
/// is none.
pub fn token(text: &str, mut at: usize, indicators: &[u8]) -> usize {
    let bytes = text.as_bytes();
    while let Some(byte) = bytes.get(at) {
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => at += 1,
            b'#' => at = line_end(text, at),
            byte if indicators.contains(byte) => at += 1,
            _ => break,
        }
    }
    at
}

/// The next token of a line; `at` itself if only a comment or nothing follows.
pub fn token_on_line(text: &str, at: usize) -> usize {
    let line = &text[at..line_end(text, at)];
    match line.trim_start_matches([' ', '\t']) {
        "" => at,
        rest if rest.starts_with('#') => at,
        rest => at + line.len() - rest.len(),
    }
}

/// The first byte from `at` on that is not white space, a comment or a property.
pub fn content(text: &str, at: usize) -> usize {
    let mut at = token(text, at, b"");
    while matches!(text.as_bytes().get(at), Some(b'&' | b'!')) {
        let rest = &text[at..];
        at += rest.find([' ', '\t', '\n', '\r']).unwrap_or(rest.len());
        at = token(text, at, b"");
    }
    at
}

/// The position of the indicator `wanted`, if it is the next token from `at` on. Properties are skipped, and before a
/// `-` also the `:` of the list's key.
pub fn indicator(text: &str, at: usize, wanted: u8) -> Option<usize> {
    let skipped: &[u8] = if wanted == b'-' { b":" } else { b"" };
    let at = content(text, token(text, at, skipped));
    (text.as_bytes().get(at) == Some(&wanted)).then_some(at)
}

/// The position after the closing quote of the quoted scalar at `at`, with or without properties.
pub fn quoted_end(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    let start = content(text, at);
    let Some(quote) = bytes.get(start).copied() else {
        return text.len();
    };
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        at += match *byte {
            b'\\' if quote == b'"' => 2,
            b'\'' if quote == b'\'' && bytes.get(at + 1) == Some(&b'\'') => 2,
            byte if byte == quote => return at + 1,
            _ => 1,
        };
    }
    text.len()
}
