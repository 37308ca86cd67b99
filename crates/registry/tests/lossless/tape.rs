//! A tape of random bytes, from which choices, texts and times are read. A short tape gives simple choices, so that
//! failures shrink to simple ones.

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use registry::Requested;

#[derive(Debug, Clone)]
pub struct Tape {
    bytes: Vec<u8>,
    at: usize,
}

impl Tape {
    pub fn any() -> impl Strategy<Value = Self> {
        prop::collection::vec(any::<u8>(), 0..800).prop_map(|bytes| Self { bytes, at: 0 })
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

    pub fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
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

pub fn requested(tape: &mut Tape) -> Option<Requested> {
    tape.one_in(2).then(|| Requested {
        packages: texts(tape),
        tools: texts(tape),
    })
}
