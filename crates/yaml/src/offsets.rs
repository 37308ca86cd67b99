//! Converts the parser's marks, which count characters, to bytes.

/// Finds the first byte of a character.
pub(super) struct Offsets<'a> {
    text: &'a str,
    /// The first byte of every [`Self::STEP`]th character; empty for ASCII.
    steps: Vec<usize>,
}

impl<'a> Offsets<'a> {
    const STEP: usize = 256;

    pub fn new(text: &'a str) -> Self {
        let steps = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices()
                .step_by(Self::STEP)
                .map(|(at, _)| at)
                .collect()
        };
        Self { text, steps }
    }

    pub fn byte(&self, index: usize) -> usize {
        if self.steps.is_empty() {
            return index.min(self.text.len());
        }
        let Some(start) = self.steps.get(index / Self::STEP) else {
            return self.text.len();
        };
        self.text[*start..]
            .char_indices()
            .nth(index % Self::STEP)
            .map_or(self.text.len(), |(at, _)| start + at)
    }
}
