//! Writes registries in many styles, from a tape of random bytes.

use registry::Entry;

use crate::spelling::{block, flow};
use crate::tape::{Tape, requested, text, texts, time};

/// A registry in pieces: each is whole lines, or an item of a flow list.
pub struct Written {
    pub entries: Vec<Entry>,
    pieces: Vec<Piece>,
    line_break: &'static str,
}

enum Piece {
    Between(String),
    Entry(String),
}

impl Written {
    pub fn new(tape: &mut Tape) -> Self {
        let mut written = Self {
            entries: Vec::new(),
            pieces: Vec::new(),
            line_break: if tape.one_in(4) { "\r\n" } else { "\n" },
        };
        let bom = if tape.one_in(8) { "\u{feff}" } else { "" };
        let start = tape.pick(&["", "", "# héad\n\n", "---\n", "%YAML 1.2\n---\n"]);
        let version = tape.pick(&[
            "version: 1.0\n",
            "",
            "version: \"1.0\" # v\n",
            "other: {a: [1, 'b']}\nversion: 1\n",
        ]);
        let count = tape.below(10);
        if count == 0 {
            let images = tape.pick(&[
                "images: []\n",
                "",
                "images:\n",
                "images: null # none\n",
                "images: [ ]   # c\n",
                "images: ~\n",
            ]);
            written.between(format!("{bom}{start}{version}{images}"));
            written.tail(tape);
            return written;
        }
        let indent = tape.pick(&["  ", "", "    ", " "]);
        let images = tape.pick(&[
            "images:\n",
            "images:   # all\n",
            "\"images\":\n",
            "images: # a - b: c\n\n",
        ]);
        written.between(format!("{bom}{start}{version}{images}"));
        for index in 0..count {
            if tape.one_in(3) {
                let comment = tape.pick(&[
                    "\n",
                    "# between - one: 1\n",
                    "  # 'between\n\n",
                    "# \"between\n# two\n",
                    " \n",
                ]);
                written.between(comment.to_owned());
            }
            let entry = entry(index, tape);
            let piece = if tape.one_in(4) {
                format!("{indent}- {}\n", flow(&entry, indent, tape))
            } else {
                block(&entry, indent, tape)
            };
            written.pieces.push(Piece::Entry(piece));
            written.entries.push(entry);
        }
        written.tail(tape);
        written
    }

    fn between(&mut self, text: String) {
        self.pieces.push(Piece::Between(text));
    }

    /// The text after the list, and whether the file ends with a line break.
    fn tail(&mut self, tape: &mut Tape) {
        let tail = tape.pick(&[
            "",
            "",
            "# end\n",
            "\n\n",
            "after: |\n  text\n\n  more\n",
            "z: 1 # z\n\n# end\n",
        ]);
        self.between(tail.to_owned());
        if tape.one_in(4)
            && let Some(Piece::Between(text) | Piece::Entry(text)) = self
                .pieces
                .iter_mut()
                .rev()
                .find(|piece| !matches!(piece, Piece::Between(text) if text.is_empty()))
        {
            text.pop();
        }
    }

    fn join(&self, pieces: &[Piece]) -> String {
        let text: String = (pieces.iter())
            .map(|(Piece::Between(text) | Piece::Entry(text))| text.as_str())
            .collect();
        text.replace('\n', self.line_break)
    }

    pub fn text(&self) -> String {
        self.join(&self.pieces)
    }

    /// The text before an entry, the entry's own, and the text after it.
    pub fn around(&self, entry: usize) -> (String, String, String) {
        let mut entries = self
            .pieces
            .iter()
            .enumerate()
            .filter(|(_, piece)| matches!(piece, Piece::Entry(_)));
        let (at, _) = entries.nth(entry).unwrap();
        (
            self.join(&self.pieces[..at]),
            self.join(&self.pieces[at..=at]),
            self.join(&self.pieces[at + 1..]),
        )
    }

    pub fn pick(&self, tape: &mut Tape) -> Option<usize> {
        (!self.entries.is_empty()).then(|| tape.below(self.entries.len()))
    }

    pub fn comments(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Between(text) => text.lines().find(|line| line.contains("between")),
            Piece::Entry(_) => None,
        })
    }
}

fn entry(index: usize, tape: &mut Tape) -> Entry {
    let name = format!(
        "p{index}-ubuntu-25.04-{}",
        tape.pick(&["gcc15", "Clang 20", "é"])
    );
    let tag = format!("p{index}:latest").parse().unwrap();
    let mut entry = Entry::new(name, text(tape), tag, "ubuntu:25.04", "x86_64");
    entry.packages = texts(tape);
    entry.compilers = texts(tape);
    entry.size_mb = [None, Some(1500.0), Some(0.5)][tape.below(3)];
    entry.build_seconds = [None, Some(90.0), Some(0.5)][tape.below(3)];
    entry.built_because = tape.one_in(3).then(|| text(tape));
    entry.requested = requested(tape);
    entry.last_used = tape.one_in(2).then(|| time(tape));
    entry.usage_count = tape.below(3) as u64;
    entry.base = tape.one_in(3).then(|| text(tape));
    entry.pinned = tape.one_in(3);
    entry
}
