//! The end of a program's output, without control characters.
//!
//! A program's output has no limit, so it goes into a ring buffer. Error messages show output of builds and daemons on
//! terminals: escape sequences, control characters and marks that change the direction of text are removed first.

use std::collections::VecDeque;

/// The end of a stream, at most `limit` bytes.
#[derive(Debug)]
pub struct Tail {
    bytes: VecDeque<u8>,
    limit: usize,
    dropped: bool,
}

impl Tail {
    /// The end of a stream without any bytes yet.
    pub fn new(limit: usize) -> Self {
        Self {
            bytes: VecDeque::new(),
            limit,
            dropped: false,
        }
    }

    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        let kept = &bytes[bytes.len().saturating_sub(self.limit)..];
        let excess = (self.bytes.len() + kept.len()).saturating_sub(self.limit);
        self.dropped |= excess > 0 || kept.len() < bytes.len();
        self.bytes.drain(..excess);
        self.bytes.extend(kept);
    }

    /// All bytes, or `None` if there were more than the limit.
    pub fn whole(self) -> Option<Vec<u8>> {
        (!self.dropped).then(|| self.bytes.into())
    }

    /// The text without control characters, in whole lines: a first line that lost its beginning is omitted.
    pub fn text(&self) -> String {
        let bytes: Vec<u8> = self.bytes.iter().copied().collect();
        let start = match bytes.iter().position(|&byte| byte == b'\n') {
            Some(end) if self.dropped => end + 1,
            _ => 0,
        };
        harmless(&String::from_utf8_lossy(&bytes[start..]))
            .trim()
            .to_owned()
    }
}

/// The text without escape sequences and control characters except `\n` and `\t`. A carriage return that is not part of
/// a line end becomes one, because progress displays use it.
pub fn harmless(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\u{1b}' => skip_escape(&mut chars),
            '\r' if chars.peek().is_some_and(|next| matches!(next, '\r' | '\n')) => {}
            '\r' => clean.push('\n'),
            '\n' | '\t' => clean.push(char),
            _ if naming::steers(char) => {}
            _ => clean.push(char),
        }
    }
    clean
}

/// One line of at most `limit` characters without control characters, for messages.
pub fn one_line(text: &str, limit: usize) -> String {
    let mut line = harmless(text)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    if let Some((end, _)) = line.char_indices().nth(limit) {
        line.truncate(end);
        line.push('…');
    }
    line
}

/// Skips the rest of an escape sequence, by ECMA-48: `[` up to a final byte, `]` and similar up to BEL or ESC `\`,
/// others one character. A sequence never passes its line.
fn skip_escape(chars: &mut std::iter::Peekable<std::str::Chars>) {
    let is_end: fn(char) -> bool = match chars.peek() {
        Some('[') => |char| ('\u{40}'..='\u{7e}').contains(&char),
        Some(']' | 'P' | 'X' | '^' | '_') => |char| matches!(char, '\u{7}' | '\u{1b}'),
        Some('\n') | None => return,
        Some(_) => |_| true,
    };
    let introducer = chars.next();
    if matches!(introducer, Some('[' | ']' | 'P' | 'X' | '^' | '_')) {
        while let Some(char) = chars.next_if(|&char| char != '\n') {
            if is_end(char) {
                chars.next_if(|&next| char == '\u{1b}' && next == '\\');
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_end_by_whole_lines() {
        let mut tail = Tail::new(16);
        for number in 0..1000 {
            tail.push(format!("line {number}\n").as_bytes());
            assert!(tail.bytes.len() <= 16);
        }
        assert_eq!(tail.text(), "line 999");
        assert_eq!(tail.whole(), None);

        let mut tail = Tail::new(4);
        tail.push(b"abcdefgh");
        assert_eq!(tail.text(), "efgh");
    }

    #[test]
    fn whole_means_every_byte() {
        let mut tail = Tail::new(4);
        tail.push(b"ab");
        tail.push(b"cd");
        assert_eq!(tail.whole().as_deref(), Some(b"abcd".as_slice()));
    }

    #[test]
    fn output_cannot_move_the_cursor() {
        for (raw, clean) in [
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}x", "x"),
            ("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("a\u{1b}]unended\nb", "a\nb"),
            ("a\u{1b}(0b", "a0b"),
            ("1%\r2%\r\n3\r\r\n", "1%\n2%\n3\n"),
            ("a\u{8}\u{0}b\u{9b}c\t", "abc\t"),
            ("user\u{202e}txt", "usertxt"),
            ("\u{1b}", ""),
        ] {
            assert_eq!(harmless(raw), clean, "{raw:?}");
        }
    }

    #[test]
    fn one_line_is_bounded() {
        assert_eq!(one_line("a\n  b\u{1b}[K", 10), "a b");
        assert_eq!(one_line("äöüß", 2), "äö…");
    }
}
