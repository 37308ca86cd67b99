//! Output records: standard output has only results, each written as soon as it is final.

use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;

use failure::Failure;
use serde_json::Value;

/// Standard output as a stream of records.
pub struct RecordWriter {
    json: bool,
    null: bool,
}

impl RecordWriter {
    pub(crate) fn new(json: bool, null: bool) -> Self {
        Self { json, null }
    }

    /// Prints one result: `plain`, or with `--json` the object of `detail`. Flushed at once, because the next command
    /// of a pipeline waits for it.
    pub fn record(&self, plain: &str, detail: impl FnOnce() -> Value) -> Result<(), Failure> {
        let line = if self.json {
            one_line_json(&detail().to_string())
        } else {
            plain.to_owned()
        };
        self.text(&format!("{line}{}", self.end()))
    }

    /// Whether results are objects.
    pub fn is_json(&self) -> bool {
        self.json
    }

    fn end(&self) -> char {
        if self.null { '\0' } else { '\n' }
    }

    /// Prints a result that is the same with and without `--json`: one line of JSON.
    pub fn json_line(&self, line: &str) -> Result<(), Failure> {
        self.text(&format!("{}{}", one_line_json(line), self.end()))
    }

    /// Prints a text as it is.
    pub fn text(&self, text: &str) -> Result<(), Failure> {
        let mut stdout = std::io::stdout().lock();
        stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush())
            .map_err(|error| Failure::of_stdout(&error))
    }

    /// Standard output for raw bytes, unbuffered.
    pub fn bytes(&self) -> Result<File, Failure> {
        let stdout = std::io::stdout();
        let own = stdout.as_fd().try_clone_to_owned();
        own.map(File::from)
            .map_err(|error| Failure::of_stdout(&error))
    }
}

/// JSON without control characters in its strings: it also escapes those that JSON allows.
fn one_line_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        // Only strings can contain such characters; all are in the basic plane.
        if naming::steers(c) {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_stays_the_same_value() {
        let value = serde_json::json!({"a\u{9b}": "\u{202e}\n\u{1b}\u{7f}ä"});
        let text = one_line_json(&value.to_string());
        assert!(!text.contains(naming::steers), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).ok(), Some(value));
    }
}
