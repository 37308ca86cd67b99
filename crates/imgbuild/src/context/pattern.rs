//! One pattern of an ignore file.
//!
//! `*` is any text without a slash, `?` one character but a slash, `[a-z]` and `[^a-z]` one of a set, a
//! backslash takes the next character as it is. `**` with a slash behind it is any number of folders,
//! at the end of a pattern everything. (Go's `filepath.Match`, and moby/patternmatcher for `**`.)

/// A part of a pattern that matches one character or a run of them.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(u8),
    /// Any byte but a slash.
    Any,
    /// Ranges, both ends included; inverted.
    Set(Vec<(u8, u8)>, bool),
    /// Any run of bytes but slashes.
    Star,
    /// Nothing, or anything that ends in a slash.
    Folders,
    /// Anything.
    Rest,
}

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Part>);

impl Pattern {
    /// None for what Go's `filepath.Match` calls a bad pattern.
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
                    // `**x` at the start of a pattern is any path that ends in x.
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

    /// Whether the whole path matches. Takes time in proportion to the lengths of both, as all places in
    /// the pattern are followed at once.
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

    /// Marks a place and those that can be reached from it without a byte.
    fn enter(&self, place: usize, places: &mut [bool]) {
        let skippable = |part: &&Part| matches!(part, Part::Star | Part::Folders | Part::Rest);
        let reach = self.0[place..].iter().take_while(skippable).count();
        places[place..=place + reach].fill(true);
    }
}

/// A set from behind its `[`, and what follows its `]`.
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
