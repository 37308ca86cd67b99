//! Writes registries as many different people would, from a tape of random bytes. A short tape
//! writes a plain registry, so that failures shrink to plain ones.

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use registry::Entry;

#[derive(Debug, Clone)]
pub struct Tape {
    bytes: Vec<u8>,
    at: usize,
}

impl Tape {
    pub fn any() -> impl Strategy<Value = Self> {
        prop::collection::vec(any::<u8>(), 0..400).prop_map(|bytes| Self { bytes, at: 0 })
    }

    pub fn next(&mut self) -> u8 {
        self.at += 1;
        self.bytes.get(self.at - 1).copied().unwrap_or(0)
    }

    pub fn below(&mut self, end: usize) -> usize {
        usize::from(self.next()) % end
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

pub fn text(tape: &mut Tape) -> String {
    tape.pick(&[
        "gcc-15",
        "ubuntu:25.04",
        "a b",
        "15",
        "1.10",
        "true",
        "null",
        "~",
        "yes",
        "it's",
        "x: y",
        "x #y",
        "- z",
        "\"q\"",
        "back\\slash",
        "[a]",
        "{b}",
        "a,b",
        "&c",
        "*d",
        "!e",
        "|",
        ">",
        "%f",
        "@g",
        "`h`",
        " lead",
        "trail ",
        "colon:",
        "#no",
        "é ü",
        "漢字",
        "tab\there",
        "line\nbreak",
        "bell\u{7}",
        "\u{85}",
        "\u{feff}bom",
        "2026-02-06",
        "1:20",
        "0x1f",
        "1e3",
        ".5",
        "...",
        "---",
        "-",
        "?",
        "=",
        "<<",
        "a:b",
        "libstdc++6",
        "n",
        "\u{2028}",
        "~x",
        "./a",
        "$HOME",
        "\u{7f}",
        "😀",
    ])
    .to_owned()
}

pub fn texts(tape: &mut Tape) -> Vec<String> {
    (0..tape.below(4)).map(|_| text(tape)).collect()
}

pub fn time(tape: &mut Tape) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + i64::from(tape.next()) * 86_399, 0).unwrap()
}

/// A registry in pieces, each of which is whole lines, or an item of a flow list.
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
        let count = tape.below(5);
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

    /// What follows the list, and whether the file ends with a line break.
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

    /// The text before an entry, its own, and the text after it.
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
    entry.last_used = tape.one_in(2).then(|| time(tape));
    entry.usage_count = tape.below(3) as u64;
    entry.base = tape.one_in(3).then(|| text(tape));
    entry.pinned = tape.one_in(3);
    entry
}

/// Every key with its value in flow style, and now and then a stranger's.
fn pairs(entry: &Entry, tape: &mut Tape) -> Vec<(&'static str, String)> {
    let mut pairs = vec![
        ("name", scalar(&entry.name, tape)),
        ("file", scalar(entry.file.as_str(), tape)),
        ("docker_tag", scalar(&entry.docker_tag.to_string(), tape)),
        ("os", scalar(&entry.os, tape)),
        ("architecture", scalar(&entry.architecture, tape)),
    ];
    let lists = [
        ("packages", &entry.packages),
        ("compilers", &entry.compilers),
    ];
    for (key, list) in lists {
        if !list.is_empty() || tape.one_in(2) {
            let items: Vec<_> = list.iter().map(|item| scalar(item, tape)).collect();
            pairs.push((
                key,
                format!("[{}]", items.join(tape.pick(&[", ", " ,  ", ","]))),
            ));
        }
    }
    let mut optional = |key, value: Option<String>, nothing: &[&str]| {
        let value = value.or_else(|| tape.one_in(3).then(|| tape.pick(nothing).to_owned()));
        pairs.extend(value.map(|value| (key, value)));
    };
    optional(
        "size_mb",
        entry.size_mb.map(|size| format!("{size:.1}")),
        &["null", "~", ""],
    );
    let time = entry.last_used.map(|time| time.to_rfc3339());
    optional(
        "last_used",
        time.map(|time| format!("\"{time}\"")),
        &["null", ""],
    );
    let count = Some(entry.usage_count).filter(|count| *count > 0);
    optional(
        "usage_count",
        count.map(|count| count.to_string()),
        &["0", "", "null"],
    );
    optional(
        "pinned",
        entry.pinned.then(|| "true".to_owned()),
        &["false", "False", ""],
    );
    let base = entry.base.as_deref().map(|base| scalar(base, tape));
    pairs.extend(base.map(|base| ("base", base)));
    if tape.one_in(2) {
        pairs.push((
            "foreign",
            tape.pick(&[
                "1",
                "'foreign'",
                "{foreign: [x, {y: z}]}",
                "!!str 5",
                "!mine x",
            ])
            .to_owned(),
        ));
    }
    for _ in 0..tape.below(4) {
        let at = tape.below(pairs.len());
        let pair = pairs.remove(at);
        pairs.push(pair);
    }
    pairs
}

fn scalar(text: &str, tape: &mut Tape) -> String {
    let simple = text
        .chars()
        .all(|c| c.is_ascii_lowercase() || c == '-' || c == 'é')
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && !["true", "null", "yes", "n"].contains(&text);
    let single = !text
        .chars()
        .any(|c| c.is_control() || "\u{2028}\u{feff}".contains(c));
    match tape.below(3) {
        0 if simple => text.to_owned(),
        0 | 1 if single => format!("'{}'", text.replace('\'', "''")),
        _ => {
            let mut out = String::from('"');
            for c in text.chars() {
                match c {
                    '"' | '\\' => out.extend(['\\', c]),
                    c if c.is_control() || "\u{2028}\u{feff}".contains(c) => {
                        out.push_str(&format!("\\u{:04X}", u32::from(c)));
                    }
                    c => out.push(c),
                }
            }
            out + "\""
        }
    }
}

fn flow(entry: &Entry, indent: &str, tape: &mut Tape) -> String {
    let separator = match tape.below(3) {
        0 => ", ".to_owned(),
        1 => " ,".to_owned(),
        _ => format!(",  # foreign, {{it is}}\n{indent}   "),
    };
    let pairs: Vec<_> = pairs(entry, tape)
        .into_iter()
        .map(|(key, value)| format!("{}: {value}", quoted(key, tape)))
        .collect();
    let end = tape.pick(&["}", " }", "}  # foreign: }", ", }"]);
    format!("{{{}{end}", pairs.join(&separator))
}

fn quoted(key: &str, tape: &mut Tape) -> String {
    match tape.below(6) {
        4 => format!("'{key}'"),
        5 => format!("\"{key}\""),
        _ => key.to_owned(),
    }
}

fn block(entry: &Entry, indent: &str, tape: &mut Tape) -> String {
    let deep = tape.below(4);
    let inside = " ".repeat(deep + 1);
    let mut out = format!("{indent}-{inside}");
    if tape.one_in(6) {
        out = format!("{indent}-  # foreign dash\n{indent} {inside}");
    }
    for (index, (key, value)) in pairs(entry, tape).into_iter().enumerate() {
        let lead = if index == 0 {
            String::new()
        } else {
            format!("{indent} {inside}")
        };
        // Deeper than a block scalar, it would be a part of it.
        if index > 0 && !out.contains("block #") && !out.contains(">-") && tape.one_in(6) {
            out.push_str(tape.pick(&["\n", "# foreign 'left\n", "      # foreign: - right\n"]));
        }
        out.push_str(&lead);
        out.push_str(&quoted(key, tape));
        out.push_str(tape.pick(&[":", ":", " :"]));
        let nested = format!("{indent} {inside}");
        out.push_str(&value_lines(key, &value, entry, &nested, tape));
    }
    out
}

/// A value behind its colon, with everything up to its line's end.
fn value_lines(key: &str, value: &str, entry: &Entry, indent: &str, tape: &mut Tape) -> String {
    let list = match key {
        "packages" => entry.packages.as_slice(),
        "compilers" => &entry.compilers,
        _ => &[],
    };
    let comment = tape.pick(&["", "", " ", "   # note", " # it's \"odd\": [{"]);
    match tape.below(4) {
        1 if !list.is_empty() => {
            let indent = format!("{indent}{}", tape.pick(&["", "  "]));
            let items = list.iter().map(|item| {
                let item = scalar(item, tape);
                let comment = tape.pick(&["", " # why"]);
                format!("{indent}- {item}{comment}\n")
            });
            format!("{comment}\n{}", items.collect::<String>())
        }
        2 if key == "foreign" => {
            let header = tape.pick(&["|", ">", "|-", "|+", ">-  # c"]);
            format!(" {header}\n{indent}  foreign: [\n\n{indent}  - \"block # foreign\n")
        }
        3 if key == "foreign" => {
            format!("\n{indent}  deep:\n{indent}  - foreign\n{indent}  - b: |\n{indent}      x\n")
        }
        2 if key == "os" => format!(" >-\n{indent} {}\n", entry.os),
        3 if value.starts_with('[') && !list.is_empty() => {
            let value = value.replacen('[', &format!("[\n{indent}  "), 1);
            format!(" {value}{comment}\n")
        }
        3 if value.starts_with('\'') => format!("\n{indent}   {value}{comment}\n"),
        _ if value.is_empty() => format!("{comment}\n"),
        _ => format!(" {value}{comment}\n"),
    }
}
