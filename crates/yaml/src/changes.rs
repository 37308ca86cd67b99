//! Replacements of pieces of a text, all at once.

use std::ops::Range;

/// Changes to one text. Ranges are those of the text before any of them.
#[derive(Debug, Default)]
pub struct Changes(Vec<(Range<usize>, String)>);

impl Changes {
    /// Replaces the bytes of a range.
    pub fn replace(&mut self, range: Range<usize>, text: impl Into<String>) {
        self.0.push((range, text.into()));
    }

    /// Several insertions at one place stand there in the order in which they were made.
    pub fn insert(&mut self, at: usize, text: impl Into<String>) {
        self.replace(at..at, text);
    }

    /// Takes out the bytes of a range.
    pub fn delete(&mut self, range: Range<usize>) {
        self.replace(range, "");
    }

    /// The bytes that are replaced, in the order in which the changes were made.
    pub fn ranges(&self) -> impl Iterator<Item = &Range<usize>> {
        self.0.iter().map(|(range, _)| range)
    }

    /// The same changes in a text in which what stood at one byte stands at another.
    pub fn moved(&self, to: impl Fn(usize) -> usize) -> Self {
        let moved =
            (self.0.iter()).map(|(range, text)| (to(range.start)..to(range.end), text.clone()));
        Self(moved.collect())
    }

    /// The text with every change made; none where two of them are about the same bytes.
    pub fn apply(&self, text: &str) -> Option<String> {
        // What is inserted where something is taken out comes first.
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
