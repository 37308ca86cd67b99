//! Records out: results alone go to standard output, each as soon as it is true.

use std::io::{ErrorKind, Write};

use serde_json::Value;

use crate::{Code, Failure};

/// Standard output as a stream of records.
pub struct Output {
    json: bool,
    null: bool,
}

impl Output {
    pub(crate) fn new(json: bool, null: bool) -> Self {
        Self { json, null }
    }

    /// Prints one result: `plain`, or with `--json` the object that `detail` makes. Flushed at
    /// once, because the next command of a pipeline waits for it.
    pub fn record(&self, plain: &str, detail: impl FnOnce() -> Value) -> Result<(), Failure> {
        let line = if self.json {
            detail().to_string()
        } else {
            plain.to_owned()
        };
        self.text(&format!("{line}{}", self.end()))
    }

    fn end(&self) -> char {
        if self.null { '\0' } else { '\n' }
    }

    /// Prints a result that is the same with `--json` and without: one line of JSON.
    pub fn json_line(&self, line: &str) -> Result<(), Failure> {
        self.text(&format!("{line}{}", self.end()))
    }

    /// Prints a text as it is.
    pub fn text(&self, text: &str) -> Result<(), Failure> {
        let mut stdout = std::io::stdout().lock();
        stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush())
            .map_err(|error| {
                if error.kind() == ErrorKind::BrokenPipe {
                    Failure::stdout_closed()
                } else {
                    Failure::new(
                        Code::Other,
                        format!("standard output can't be written: {error}"),
                    )
                }
            })
    }
}
