//! JSON objects of a stream, one at a time.
//!
//! Objects follow each other with any white space between them, or in arrays. Each is returned at its closing brace, so
//! a reader of a pipe can use the first while the next is still written. Splitting considers only brackets and strings;
//! the parser judges the contents. So an object of a wrong type leaves its neighbours readable. A NUL between objects
//! is white space: it ends a record under `--null`.

use std::io::{self, BufRead};

use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::texts;

/// The largest object, in bytes. A plan has one or two thousand. Without this limit, a brace that is never closed would
/// fill the memory.
const MAX_OBJECT: usize = 4 << 20;

/// A line and a byte in it, both counted from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub line: usize,
    pub column: usize,
}

/// Why there is no object, or none of the wanted type.
#[derive(Debug)]
pub(crate) enum FrameError {
    /// The stream cannot be read.
    Read(io::Error),
    /// It is not JSON, and the start of the next object is unknown. A message with its position.
    Syntax(String),
    /// An object has wrong contents. A message with its position.
    Content(String),
}

/// The text of one object, and its position in the stream.
#[derive(Debug)]
pub(crate) struct Frame {
    text: Vec<u8>,
    pub place: Position,
}

impl Frame {
    /// The object's text.
    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Parses the object. Positions of errors are those in the whole stream.
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T, FrameError> {
        serde_json::from_slice(&self.text).or_else(|error| {
            let message = self.message(&error);
            match error.classify() {
                Category::Data => texts::read(&self.text).ok_or(FrameError::Content(message)),
                Category::Io | Category::Syntax | Category::Eof => Err(FrameError::Syntax(message)),
            }
        })
    }

    fn message(&self, error: &serde_json::Error) -> String {
        let (line, column) = (error.line(), error.column());
        let text = error.to_string();
        let own_place = format!(" at line {line} column {column}");
        let text = text.strip_suffix(&own_place).unwrap_or(&text);
        let first = line <= 1;
        let place = Position {
            line: self.place.line + line.saturating_sub(1),
            column: if first { self.place.column - 1 } else { 0 } + column,
        };
        at(text, place)
    }
}

/// A message with a position, in the format of both parsers.
pub(crate) fn at(message: &str, place: Position) -> String {
    format!("{message} at line {} column {}", place.line, place.column)
}

/// The possible next tokens outside an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// An object or an array.
    Top,
    /// The first element of an array, or its end.
    First,
    /// An element, after a comma.
    Element,
    /// A comma, or the end of the array.
    Rest,
}

/// The objects of a stream. Ends after a fault of its own.
pub(crate) struct Frames<R> {
    reader: R,
    /// The position of the next byte.
    next: Position,
    state: State,
    ended: bool,
}

impl<R: BufRead> Frames<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self {
            reader,
            next: Position { line: 1, column: 1 },
            state: State::Top,
            ended: false,
        }
    }

    /// The next byte and its position.
    fn byte(&mut self) -> Result<Option<(u8, Position)>, FrameError> {
        let byte = loop {
            match self.reader.fill_buf() {
                Ok(bytes) => break bytes.first().copied(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(FrameError::Read(error)),
            }
        };
        let Some(byte) = byte else { return Ok(None) };
        self.reader.consume(1);
        let place = self.next;
        if byte == b'\n' {
            self.next.line += 1;
            self.next.column = 1;
        } else {
            self.next.column += 1;
        }
        Ok(Some((byte, place)))
    }

    fn frame(&mut self) -> Result<Option<Frame>, FrameError> {
        loop {
            let Some((byte, place)) = self.byte()? else {
                return match self.state {
                    State::Top => Ok(None),
                    _ => Err(FrameError::Syntax(at("the list is not closed", self.next))),
                };
            };
            self.state = match (self.state, byte) {
                (state, b' ' | b'\t' | b'\r' | b'\n') => state,
                (State::Top, b'\0') => State::Top,
                (State::Top, 0xef) if (place.line, place.column) == (1, 1) => {
                    self.byte_order_mark(place)?
                }
                (State::Top, b'[') => State::First,
                (State::First | State::Rest, b']') => State::Top,
                (State::Rest, b',') => State::Element,
                (State::Top | State::First | State::Element, b'{') => {
                    if self.state != State::Top {
                        self.state = State::Rest;
                    }
                    return self.object(place).map(Some);
                }
                (state, _) => {
                    let expected = match state {
                        State::Top => "expected an object or a list of objects",
                        State::First | State::Element => "expected an object",
                        State::Rest => "expected `,` or `]`",
                    };
                    return Err(FrameError::Syntax(at(expected, place)));
                }
            };
        }
    }

    /// The rest of a byte order mark, which some editors write at the beginning.
    fn byte_order_mark(&mut self, place: Position) -> Result<State, FrameError> {
        for wanted in [0xbb, 0xbf] {
            if self.byte()?.is_none_or(|(byte, _)| byte != wanted) {
                return Err(FrameError::Syntax(at(
                    "expected an object or a list of objects",
                    place,
                )));
            }
        }
        Ok(State::Top)
    }

    /// The rest of an object whose first brace was read. An incomplete object is returned too: the parser reports what
    /// is missing.
    fn object(&mut self, place: Position) -> Result<Frame, FrameError> {
        let mut text = vec![b'{'];
        let (mut depth, mut in_string, mut escaped) = (1_usize, false, false);
        while depth > 0
            && let Some((byte, _)) = self.byte()?
        {
            if text.len() == MAX_OBJECT {
                let message = format!("an object is larger than {MAX_OBJECT} bytes");
                return Err(FrameError::Syntax(at(&message, place)));
            }
            text.push(byte);
            match byte {
                _ if escaped => escaped = false,
                b'\\' if in_string => escaped = true,
                b'"' => in_string = !in_string,
                b'{' | b'[' if !in_string => depth += 1,
                b'}' | b']' if !in_string => depth -= 1,
                _ => {}
            }
        }
        Ok(Frame { text, place })
    }
}

impl<R: BufRead> Iterator for Frames<R> {
    type Item = Result<Frame, FrameError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let frame = self.frame();
        self.ended = !matches!(frame, Ok(Some(_)));
        frame.transpose()
    }
}

#[cfg(test)]
mod tests;
