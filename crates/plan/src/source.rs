//! Texts with one object or several: YAML documents, a list, JSON lines.
//!
//! An error in one object does not hide the others, if their start is clear: JSON objects and YAML documents are read
//! separately, a YAML list up to its first error.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use crate::frames::{FrameError, Frames, Position, at};

/// The deepest nesting of YAML's brackets. It is the parser's own limit, but the parser applies it only after a scan
/// with quadratic time.
const MAX_NESTING: usize = 128;

/// An object, or a message with its position.
type Read<T> = Result<T, String>;

/// Reads every `T` of a text.
pub(crate) fn read_all<T: DeserializeOwned>(text: &str) -> Vec<Read<T>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !begins_as_json(text) {
        return read_yaml(text);
    }
    let (all, is_json) = read_json(text);
    if !is_json {
        // JSON is a subset of YAML, so this may be YAML with a similar beginning.
        let as_yaml = read_yaml(text);
        if as_yaml.iter().all(Result::is_ok) {
            return as_yaml;
        }
    }
    all
}

/// Whether the first brackets are followed by a quoted key or nothing, as in JSON. YAML's flow style has plain words
/// there.
fn begins_as_json(text: &str) -> bool {
    let inside = text.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '{' | '['));
    text.trim_start().starts_with(['{', '['])
        && (inside.is_empty() || inside.starts_with(['"', '}', ']']))
}

/// All objects, and whether the whole text is JSON.
fn read_json<T: DeserializeOwned>(text: &str) -> (Vec<Read<T>>, bool) {
    let mut all = Vec::new();
    for frame in Frames::new(text.as_bytes()) {
        match frame.and_then(|frame| frame.parse()) {
            Ok(one) => all.push(Ok(one)),
            Err(FrameError::Content(message)) => all.push(Err(message)),
            Err(FrameError::Syntax(message)) => {
                all.push(Err(message));
                return (all, false);
            }
            Err(FrameError::Read(error)) => {
                all.push(Err(error.to_string()));
                return (all, false);
            }
        }
    }
    (all, true)
}

fn read_yaml<T: DeserializeOwned>(text: &str) -> Vec<Read<T>> {
    if let Some(place) = too_deep(text) {
        let message = format!("brackets nest deeper than {MAX_NESTING} levels");
        return vec![Err(at(&message, place))];
    }
    let documents = || serde_yaml::Deserializer::from_str(text);
    // After a syntax error the parser returns errors without end, so count the documents first. Skipping a document
    // fails only at a syntax error.
    let sound = documents()
        .map_while(|document| IgnoredAny::deserialize(document).ok())
        .count();
    let mut all = Vec::new();
    for document in documents().take(sound + 1) {
        if let Err(error) = Into(&mut all).deserialize(document) {
            all.push(Err(placed(&error)));
        }
    }
    all
}

/// A parser's message with its position, which the parser omits for the first character.
fn placed(error: &serde_yaml::Error) -> String {
    let message = error.to_string();
    match message.contains(" at line ") {
        true => message,
        false => at(&message, Position { line: 1, column: 1 }),
    }
}

/// The position of brackets that are nested too deep. It also counts brackets in strings; no real text has that many.
fn too_deep(text: &str) -> Option<Position> {
    let mut depth = 0_usize;
    let offset = text.bytes().position(|byte| {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > MAX_NESTING
    })?;
    let before = &text.as_bytes()[..offset];
    let line = before.split(|byte| *byte == b'\n');
    Some(Position {
        column: line.clone().next_back().map_or(0, <[u8]>::len) + 1,
        line: line.count(),
    })
}

/// Collects the objects of a document while reading, so that those before an error are kept.
struct Into<'a, T>(&'a mut Vec<Read<T>>);

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for Into<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: DeserializeOwned> Visitor<'de> for Into<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object or a list of objects")
    }

    /// An empty text.
    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    /// An empty document.
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let one = T::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
        self.0.push(Ok(one));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(one) = list.next_element_seed(PhantomData)? {
            self.0.push(Ok(one));
        }
        Ok(())
    }
}
