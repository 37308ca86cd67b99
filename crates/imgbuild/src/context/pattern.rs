//! One pattern of an ignore file.
//!
//! `*` is any text without a slash, `?` one character except a slash, `[a-z]` and `[^a-z]` one of a set; a backslash
//! escapes the next character. `**` with a slash after it is any number of folders; at the end of a pattern it is
//! everything. (Go's `filepath.Match`, and moby/patternmatcher for `**`.)

/// A part of a pattern that matches one character or a run of them.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(u8),
    /// Any byte except a slash.
    Any,
    /// Ranges, both ends included; inverted.
    Set(Vec<(u8, u8)>, bool),
    /// Any run of bytes except slashes.
    Star,
    /// Empty, or any text that ends with a slash.
    Folders,
    /// Anything.
    Rest,
}

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Part>);

impl Pattern {
    /// `None` for a bad pattern by Go's `filepath.Match`.
    pub(super) fn new(text: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut bytes = text.as_bytes();
        while let [first, rest @ ..] = bytes {
            bytes = rest;
            parts.push(match first {
                b'*' if bytes.first() == Some(&b'*') => {
                    bytes = &bytes[1..];
                    let folder = bytes.first() == Some(&b'/');
                    bytes = &bytes[usize::from(folder)..];
                    // `**x` at the start of a pattern is any path that ends with x.
                    let plain = !bytes.iter().any(|b| b"*?[]\\".contains(b));
                    let suffix = parts.is_empty() && !folder && plain;
                    if bytes.is_empty() || suffix {
                        Part::Rest
                    } else {
                        Part::Folders
                    }
                }
                b'*' => Part::Star,
                b'?' => Part::Any,
                b'[' => {
                    let (set, rest) = set(bytes)?;
                    bytes = rest;
                    set
                }
                b'\\' => {
                    let (escaped, rest) = bytes.split_first()?;
                    bytes = rest;
                    Part::Literal(*escaped)
                }
                byte => Part::Literal(*byte),
            });
        }
        Some(Self(parts))
    }

    /// Whether the whole path matches. The time is proportional to both lengths, because all positions in the pattern
    /// are followed at once.
    pub(super) fn matches(&self, path: &[u8]) -> bool {
        let end = self.0.len();
        let mut places = vec![false; end + 1];
        self.enter(0, &mut places);
        for byte in path {
            let mut next = vec![false; end + 1];
            for place in (0..end).filter(|place| places[*place]) {
                match &self.0[place] {
                    Part::Literal(literal) if literal == byte => self.enter(place + 1, &mut next),
                    Part::Any if *byte != b'/' => self.enter(place + 1, &mut next),
                    Part::Set(ranges, inverted) => {
                        let within = ranges
                            .iter()
                            .any(|(low, high)| (low..=high).contains(&byte));
                        if within != *inverted {
                            self.enter(place + 1, &mut next);
                        }
                    }
                    Part::Star if *byte != b'/' => self.enter(place, &mut next),
                    Part::Rest => self.enter(place, &mut next),
                    Part::Folders => {
                        next[place] = true;
                        if *byte == b'/' {
                            self.enter(place + 1, &mut next);
                        }
                    }
                    _ => {}
                }
            }
            places = next;
        }
        places[end]
    }

    /// Marks a position and those reachable from it without a byte.
    fn enter(&self, place: usize, places: &mut [bool]) {
        let skippable = |part: &&Part| matches!(part, Part::Star | Part::Folders | Part::Rest);
        let reach = self.0[place..].iter().take_while(skippable).count();
        places[place..=place + reach].fill(true);
    }
}

/// A set after its `[`, and the text after its `]`.
fn set(bytes: &[u8]) -> Option<(Part, &[u8])> {
    let (inverted, mut bytes) = match bytes {
        [b'^', rest @ ..] => (true, rest),
        _ => (false, bytes),
    };
    let mut ranges = Vec::new();
    loop {
        match bytes {
            [b']', rest @ ..] if !ranges.is_empty() => {
                return Some((Part::Set(ranges, inverted), rest));
            }
            _ => {
                let (low, rest) = set_member(bytes)?;
                bytes = rest;
                let mut high = low;
                if let [b'-', rest @ ..] = bytes {
                    (high, bytes) = set_member(rest)?;
                }
                ranges.push((low, high));
            }
        }
    }
}

fn set_member(bytes: &[u8]) -> Option<(u8, &[u8])> {
    match bytes {
        [] | [b'-' | b']', ..] => None,
        [b'\\', escaped, rest @ ..] => Some((*escaped, rest)),
        [b'\\'] => None,
        [byte, rest @ ..] => Some((*byte, rest)),
    }
}
