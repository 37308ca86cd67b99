//! Splits a build file into instructions, like BuildKit's parser.
//!
//! A file may start with directives (`# syntax=…`, `# escape=…`), up to the first other line. A line that ends with the
//! escape character continues in the next one; comments and empty lines between are skipped. A word `<<NAME` after
//! `RUN`, `COPY` or `ADD` starts a here-document, whose lines up to `NAME` are no instructions (Dockerfile reference,
//! "Here-Documents").

use crate::error::{Error, Result};

/// One instruction with its operands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Instruction {
    /// The number of its first line, from 1.
    pub line: usize,
    /// `FROM`, in upper case.
    pub name: String,
    /// Everything after the name, with joined lines.
    pub rest: String,
}

/// A build file in parts.
#[derive(Debug)]
pub(super) struct Instructions {
    /// The image of `# syntax=`.
    pub syntax: Option<String>,
    /// The escape character: a backslash, or that of `# escape=`.
    pub escape: char,
    pub list: Vec<Instruction>,
}

impl Instruction {
    pub(super) fn error(&self, reason: impl Into<String>) -> Error {
        Error::BuildFile {
            line: self.line,
            reason: reason.into(),
        }
    }
}

pub(super) fn parse(text: &str) -> Result<Instructions> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text
        .lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line))
        .peekable();
    let mut out = Instructions {
        syntax: None,
        escape: '\\',
        list: Vec::new(),
    };
    while let Some((line, name, value)) = lines.peek().and_then(|(at, line)| directive(*at, line)) {
        match name.as_str() {
            "syntax" => out.syntax = Some(value.to_owned()).filter(|value| !value.is_empty()),
            "escape" => match value {
                "\\" => out.escape = '\\',
                "`" => out.escape = '`',
                _ => {
                    let reason = "the escape character is neither `\\` nor a backtick".into();
                    return Err(Error::BuildFile { line, reason });
                }
            },
            _ => {}
        }
        lines.next();
    }

    while let Some((line, first)) = lines.next() {
        if first.trim().is_empty() || is_comment(first) {
            continue;
        }
        let (mut whole, mut more) = continued(first.trim_start(), out.escape);
        while more && let Some((_, next)) = lines.next() {
            if next.trim().is_empty() || is_comment(next) {
                continue;
            }
            let (part, goes_on) = continued(next, out.escape);
            whole.push_str(&part);
            more = goes_on;
        }
        let (name, rest) = whole
            .split_once(char::is_whitespace)
            .unwrap_or((&whole, ""));
        let instruction = Instruction {
            line,
            name: name.to_ascii_uppercase(),
            rest: rest.trim().to_owned(),
        };
        for document in heredocs(&instruction, out.escape) {
            if !lines.any(|(_, line)| document.ends_at(line)) {
                let name = document.name.escape_debug();
                return Err(instruction.error(format!("the here-document `{name}` is not closed")));
            }
        }
        out.list.push(instruction);
    }
    Ok(out)
}

/// A parser directive: one of the known names. Any other comment ends the directives.
fn directive(at: usize, line: &str) -> Option<(usize, String, &str)> {
    let (name, value) = line.trim().strip_prefix('#')?.split_once('=')?;
    let name = name.trim().to_ascii_lowercase();
    matches!(name.as_str(), "syntax" | "escape" | "check").then(|| (at, name, value.trim()))
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

/// The line without its escape at the end, and whether it had one. Blanks may follow the escape.
fn continued(line: &str, escape: char) -> (String, bool) {
    match line
        .trim_end_matches([' ', '\t', '\r'])
        .strip_suffix(escape)
    {
        Some(part) => (part.to_owned(), true),
        None => (line.to_owned(), false),
    }
}

struct Heredoc {
    name: String,
    /// `<<-`: leading tabs are ignored.
    tabs: bool,
}

impl Heredoc {
    fn ends_at(&self, line: &str) -> bool {
        let line = if self.tabs {
            line.trim_start_matches('\t')
        } else {
            line
        };
        line == self.name
    }
}

fn heredocs(instruction: &Instruction, escape: char) -> Vec<Heredoc> {
    let text = match instruction.name.as_str() {
        "RUN" | "COPY" | "ADD" | "ONBUILD" => instruction.rest.as_str(),
        _ => return Vec::new(),
    };
    words(text, escape)
        .iter()
        .filter_map(|word| {
            let word = word
                .trim_start_matches(|c: char| c.is_ascii_digit())
                .strip_prefix("<<")?;
            let (tabs, name) = match word.strip_prefix('-') {
                Some(name) => (true, name),
                None => (false, word),
            };
            let name = unquoted(name, escape);
            (!name.is_empty() && !name.contains('<')).then_some(Heredoc { name, tabs })
        })
        .collect()
}

/// The words of a line with their quotes: blanks inside quotes or after an escape do not separate words.
pub(super) fn words(text: &str, escape: char) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match quote {
            None if c.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                continue;
            }
            None if c == '"' || c == '\'' => quote = Some(c),
            Some(open) if c == open => quote = None,
            _ => {}
        }
        word.push(c);
        if c == escape && quote != Some('\'') {
            word.extend(chars.next());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// A word without its quotes and escapes.
pub(super) fn unquoted(word: &str, escape: char) -> String {
    let mut out = String::new();
    let mut quote = None;
    let mut chars = word.chars();
    while let Some(c) = chars.next() {
        match quote {
            Some(open) if c == open => quote = None,
            None if c == '"' || c == '\'' => quote = Some(c),
            _ if c == escape && quote != Some('\'') => out.extend(chars.next()),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests;
