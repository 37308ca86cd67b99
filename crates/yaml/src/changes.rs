//! Replacements of parts of a text, applied together.

use std::ops::Range;

/// Changes to one text. Ranges refer to the original text.
#[derive(Debug, Default)]
pub struct Changes(Vec<(Range<usize>, String)>);

impl Changes {
    /// Replaces the bytes of a range.
    pub fn replace(&mut self, range: Range<usize>, text: impl Into<String>) {
        self.0.push((range, text.into()));
    }

    /// Inserts a text. Several insertions at one position keep their order.
    pub fn insert(&mut self, at: usize, text: impl Into<String>) {
        self.replace(at..at, text);
    }

    /// Removes the bytes of a range.
    pub fn delete(&mut self, range: Range<usize>) {
        self.replace(range, "");
    }

    /// The replaced ranges, in the order of the changes.
    pub fn ranges(&self) -> impl Iterator<Item = &Range<usize>> {
        self.0.iter().map(|(range, _)| range)
    }

    /// The same changes for a text with shifted positions.
    pub fn moved(&self, to: impl Fn(usize) -> usize) -> Self {
        let moved =
            (self.0.iter()).map(|(range, text)| (to(range.start)..to(range.end), text.clone()));
        Self(moved.collect())
    }

    /// The changed text; `None` if two changes overlap.
    pub fn apply(&self, text: &str) -> Option<String> {
        // At one position, insertions precede deletions.
        let mut changes: Vec<_> = self.0.iter().collect();
        changes.sort_by_key(|(range, _)| (range.start, range.end));
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for (range, new) in changes {
            out.push_str(text.get(done..range.start)?);
            out.push_str(new);
            done = range.end;
        }
        out.push_str(text.get(done..)?);
        Some(out)
    }
}
