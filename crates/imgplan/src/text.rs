//! Texts that are read as a whole, from files and from standard input.

use std::io::Read;

use camino::Utf8Path;
use failure::{Code, Failure};

/// The largest text, in bytes: a matrix of thousands of jobs fits many times over.
const MAX_TEXT: u64 = 4 << 20;

/// The name of standard input in messages.
pub(crate) const STDIN: &str = "standard input";

/// The text of a file, or of standard input for `-`, and its name in messages.
pub(crate) fn read(path: &Utf8Path) -> Result<(String, &str), Failure> {
    if path == "-" {
        return Ok((of_stdin()?, STDIN));
    }
    let file = std::fs::File::open(path).map_err(|error| {
        Failure::new(Code::Invalid, format!("can't be read: {error}")).about(path.as_str())
    })?;
    Ok((bounded(file, path.as_str())?, path.as_str()))
}

/// The text on standard input, which must not be empty.
pub(crate) fn of_stdin() -> Result<String, Failure> {
    let text = bounded(std::io::stdin().lock(), STDIN)?;
    if text
        .trim_matches(|c: char| c.is_whitespace() || c == '\0')
        .is_empty()
    {
        return Err(ui::nothing_on_stdin());
    }
    Ok(text)
}

fn bounded(reader: impl Read, subject: &str) -> Result<String, Failure> {
    let mut text = String::new();
    reader
        .take(MAX_TEXT + 1)
        .read_to_string(&mut text)
        .map_err(|error| Failure::invalid(format!("can't be read: {error}")).about(subject))?;
    if text.len() as u64 > MAX_TEXT {
        let message = format!("is larger than {MAX_TEXT} bytes");
        return Err(Failure::invalid(message).about(subject));
    }
    Ok(text)
}
