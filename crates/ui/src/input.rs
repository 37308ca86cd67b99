//! Input records: the operands, or one record a line from standard input.
//!
//! Standard input is read as records arrive, so that a pipeline works on the first image while the command before it
//! still makes the second.

use std::io::{BufRead, BufReader, IsTerminal, Read, StdinLock};

use failure::{Code, Failure};

use crate::Operand;

/// The longest record, in bytes: longer than any path that a kernel opens.
const MAX_RECORD: usize = 64 * 1024;

/// A NUL in a line: an archive was piped in, or `-0` is missing.
const NO_LINES: &str = "standard input contains NUL bytes";

/// An empty standard input: the command before it in the pipeline printed nothing.
const NOTHING: &str = "nothing on standard input; did the command before it fail?";

/// The source of records.
pub enum Records {
    /// The operands of the command line.
    Operands(std::vec::IntoIter<String>),
    /// Standard input, without operands or with a single `-`.
    Stdin(RecordLines<StdinLock<'static>>),
}

impl Records {
    /// Takes the operands, or standard input if there are none or only `-`. If standard input is a terminal, this is a
    /// usage error.
    pub fn new(operands: Vec<String>, null: bool, what: &str) -> Result<Self, Failure> {
        if reads_stdin(&operands, what)? {
            Ok(Self::Stdin(RecordLines::new(std::io::stdin().lock(), null)))
        } else if operands.iter().any(|operand| operand == "-") {
            Err(Failure::usage(
                "`-` (standard input) cannot be combined with operands",
            ))
        } else if operands.iter().any(String::is_empty) {
            Err(Failure::usage("an operand is empty"))
        } else {
            Ok(Self::Operands(operands.into_iter()))
        }
    }

    /// The next record and all others that are available without waiting: the rest of the operands, or the complete
    /// lines so far, which may be objects. Empty at the end.
    pub fn ready(&mut self) -> Vec<Result<Operand, Failure>> {
        match self {
            Self::Operands(operands) => operands.map(Operand::of_word).collect(),
            Self::Stdin(lines) => {
                let records = lines.ready().into_iter();
                let records = records.map(|record| record.and_then(Operand::of_record));
                records.collect()
            }
        }
    }

    /// All records; lines of standard input may be objects.
    pub fn images(self) -> impl Iterator<Item = Result<Operand, Failure>> {
        let is_stdin = matches!(self, Self::Stdin(_));
        self.map(move |record| match is_stdin {
            true => record.and_then(Operand::of_record),
            false => record.and_then(Operand::of_word),
        })
    }
}

/// Whether these operands mean standard input. If it is a terminal, this is a usage error that names the expected input
/// `what`.
pub fn reads_stdin<S: AsRef<str>>(operands: &[S], what: &str) -> Result<bool, Failure> {
    let named = matches!(operands, [one] if one.as_ref() == "-");
    if operands.is_empty() && std::io::stdin().is_terminal() {
        return Err(
            Failure::usage(format!("no input: give {what}, or pipe them in"))
                .with_hint("see --help for examples"),
        );
    }
    Ok(operands.is_empty() || named)
}

/// The failure for an empty standard input.
pub fn nothing_on_stdin() -> Failure {
    Failure::new(Code::Invalid, NOTHING)
}

impl Iterator for Records {
    type Item = Result<String, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Operands(operands) => operands.next().map(Ok),
            Self::Stdin(lines) => lines.next(),
        }
    }
}

/// Records of a stream, ended by a newline or by NUL. Empty records are skipped. A stream without any record ends with
/// the failure of [`nothing_on_stdin`].
pub struct RecordLines<R> {
    reader: BufReader<R>,
    end: u8,
    any: bool,
    done: bool,
}

impl<R: Read> RecordLines<R> {
    fn new(reader: R, null: bool) -> Self {
        Self {
            reader: BufReader::with_capacity(MAX_RECORD, reader),
            end: if null { 0 } else { b'\n' },
            any: false,
            done: false,
        }
    }

    fn ready(&mut self) -> Vec<Result<String, Failure>> {
        let mut records: Vec<_> = self.next().into_iter().collect();
        while !self.done && self.reader.buffer().contains(&self.end) {
            records.extend(self.next());
        }
        records
    }

    fn read(&mut self) -> Result<Option<String>, Failure> {
        loop {
            let mut record = Vec::new();
            let mut limited = Read::take(&mut self.reader, MAX_RECORD as u64 + 1);
            let read = limited.read_until(self.end, &mut record).map_err(|error| {
                Failure::new(Code::Other, format!("cannot read standard input: {error}"))
            })?;
            if read == 0 {
                return if self.any {
                    Ok(None)
                } else {
                    Err(nothing_on_stdin())
                };
            }
            if record.len() > MAX_RECORD {
                return Err(Failure::invalid(format!(
                    "a line of standard input is longer than {MAX_RECORD} bytes"
                )));
            }
            if record.last() == Some(&self.end) {
                record.pop();
            }
            if self.end == b'\n' && record.last() == Some(&b'\r') {
                record.pop();
            }
            if record.is_empty() {
                continue;
            }
            self.any = true;
            if record.contains(&0) {
                return Err(Failure::invalid(NO_LINES).with_hint(
                    "give one path or name per line, or use -0 for records that end with NUL",
                ));
            }
            return String::from_utf8(record).map(Some).map_err(|error| {
                Failure::invalid(format!(
                    "`{}` is not UTF-8",
                    String::from_utf8_lossy(error.as_bytes())
                ))
            });
        }
    }
}

impl<R: Read> Iterator for RecordLines<R> {
    type Item = Result<String, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let record = self.read();
        self.done = !matches!(record, Ok(Some(_)));
        record.transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8], null: bool) -> Result<Vec<String>, Failure> {
        RecordLines::new(text, null).collect()
    }

    #[test]
    fn splits_records() {
        let table: [(&[u8], bool, &[&str]); 5] = [
            (b"a\nb\n", false, &["a", "b"]),
            (b"a b\r\n\n\nc", false, &["a b", "c"]),
            (b"a\nb\0c\0", true, &["a\nb", "c"]),
            (b"a", true, &["a"]),
            (b"\n\n a\n", false, &[" a"]),
        ];
        for (text, null, expected) in table {
            assert_eq!(read(text, null).expect("records"), expected);
        }
    }

    /// Returns one piece at a time, as a pipe does.
    struct Pieces(Vec<&'static [u8]>);

    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let piece = if self.0.is_empty() {
                &[][..]
            } else {
                self.0.remove(0)
            };
            buffer[..piece.len()].copy_from_slice(piece);
            Ok(piece.len())
        }
    }

    #[test]
    fn what_has_come_is_ready() {
        let mut lines = RecordLines::new(Pieces(vec![b"a\nb\n", b"c\nd", b"e\n\n"]), false);
        for expected in [&["a", "b"][..], &["c"], &["de"], &[]] {
            let ready: Result<Vec<_>, _> = lines.ready().into_iter().collect();
            assert_eq!(ready.expect("records"), expected);
        }
    }

    #[test]
    fn nothing_is_an_error() {
        for text in [&b""[..], b"\n\n"] {
            let failure = read(text, false).expect_err("nothing");
            assert_eq!(failure.code(), Code::Invalid);
            assert!(
                failure
                    .to_string()
                    .contains("did the command before it fail")
            );
        }
    }

    #[test]
    fn bad_records_are_errors() {
        assert_eq!(
            read(b"\xff\n", false).expect_err("bytes").code(),
            Code::Invalid
        );
        let tar = read(b"name\0\0\0ustar\nmore", false).expect_err("a tar");
        assert!(tar.to_string().starts_with(NO_LINES), "{tar}");
        assert_eq!(
            read(&vec![b'a'; MAX_RECORD + 1], false)
                .expect_err("long")
                .code(),
            Code::Invalid
        );
        assert!(read(&vec![b'a'; MAX_RECORD], false).is_ok());
    }
}
