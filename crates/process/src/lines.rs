//! Splits a stream of bytes into lines, bounded and without control characters.

use crate::tail::harmless;

/// Longer lines are split. Builds print whole files in one line.
const MAX_LINE: usize = 16 * 1024;

/// Splits a stream into lines; `\r`, which progress displays use, ends a line too.
#[derive(Default)]
pub struct Lines {
    partial: Vec<u8>,
}

impl Lines {
    /// Takes the next bytes, and shows the lines that they complete.
    pub fn push(&mut self, mut bytes: &[u8], show: &mut impl FnMut(&str)) {
        while !bytes.is_empty() {
            let room = (MAX_LINE - self.partial.len()).min(bytes.len());
            let end = bytes[..room]
                .iter()
                .position(|byte| matches!(byte, b'\n' | b'\r'));
            self.partial
                .extend_from_slice(&bytes[..end.unwrap_or(room)]);
            bytes = &bytes[end.map_or(room, |end| end + 1)..];
            if end.is_some() || self.partial.len() == MAX_LINE {
                self.finish(show);
            }
        }
    }

    /// Shows the last line if it has no line end. Empty lines are not shown.
    pub fn finish(&mut self, show: &mut impl FnMut(&str)) {
        let line = harmless(&String::from_utf8_lossy(&self.partial));
        self.partial.clear();
        if !line.trim().is_empty() {
            show(line.trim_end());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(chunks: &[&[u8]]) -> Vec<String> {
        let (mut lines, mut seen) = (Lines::default(), Vec::new());
        let mut show = |line: &str| seen.push(line.to_owned());
        for chunk in chunks {
            lines.push(chunk, &mut show);
        }
        lines.finish(&mut show);
        seen
    }

    #[test]
    fn lines_come_whole_whatever_the_chunks() {
        assert_eq!(
            cut(&[b"a", b"b\r\nc\n\n d", b"\re"]),
            ["ab", "c", " d", "e"]
        );
        assert_eq!(
            cut(&["ä".as_bytes().split_at(1).0, "ä".as_bytes().split_at(1).1]),
            ["ä"]
        );
        assert!(cut(&[]).is_empty());
    }

    #[test]
    fn endless_lines_come_in_pieces() {
        let lines = cut(&[&vec![b'x'; 3 * MAX_LINE + 1]]);
        assert_eq!(
            lines.iter().map(String::len).collect::<Vec<_>>(),
            [MAX_LINE, MAX_LINE, MAX_LINE, 1]
        );
    }
}
