//! `.dockerignore`: files of a context that the engine does not get.
//!
//! Unlike in Git, every pattern starts at the context's folder. A pattern that matches a folder applies to everything
//! below it. `!` restores files, also from within an ignored folder. The last matching pattern wins. `#` at the start
//! of a line is a comment. (Docker's "Build context" manual, and moby/patternmatcher.)

use camino::Utf8Path;

use super::pattern::Pattern;
use crate::error::{Error, Result};

const FILE: &str = ".dockerignore";

/// The largest accepted ignore file, in bytes.
const MAX_FILE: u64 = 1024 * 1024;

/// The rules for one context.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ignore {
    rules: Vec<Rule>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    pattern: Pattern,
    /// `!`: restores matching files.
    exception: bool,
}

impl Ignore {
    /// The rules of a context: those of the `.dockerignore` in its folder.
    pub fn of_folder(folder: &Utf8Path) -> Result<Self> {
        Self::read(&folder.join(FILE))
    }

    /// Rules that exclude the named files; `.` means all.
    pub fn of_patterns(patterns: &[String]) -> Result<Self> {
        let mut rules = Vec::new();
        for text in patterns {
            let (exception, pattern) = match text.strip_prefix('!') {
                Some(pattern) => (true, pattern),
                None => (false, text.as_str()),
            };
            let cleaned = match clean(pattern).as_str() {
                "." | "/" => "**".to_owned(),
                _ => clean(pattern),
            };
            let pattern = Pattern::new(&cleaned).ok_or_else(|| Error::NoPattern {
                pattern: text.clone(),
            })?;
            rules.push(Rule { pattern, exception });
        }
        Ok(Self { rules })
    }

    /// Reads an ignore file; a missing file has no rules.
    fn read(path: &Utf8Path) -> Result<Self> {
        use std::io::Read as _;
        let failed = |source| Error::Context {
            path: path.to_owned(),
            source,
        };
        let file = match std::fs::File::open(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            file => file.map_err(failed)?,
        };
        let mut bytes = Vec::new();
        file.take(MAX_FILE + 1)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        if bytes.len() as u64 > MAX_FILE {
            let reason = format!("has more than {MAX_FILE} bytes");
            return Err(failed(std::io::Error::other(reason)));
        }
        Self::parse(path, &String::from_utf8_lossy(&bytes))
    }

    /// Reads an ignore file's text. The path is for errors.
    fn parse(path: &Utf8Path, text: &str) -> Result<Self> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut rules = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let trimmed = line.trim();
            if line.starts_with('#') || trimmed.is_empty() {
                continue;
            }
            let (exception, pattern) = match trimmed.strip_prefix('!') {
                Some(pattern) => (true, pattern.trim()),
                None => (false, trimmed),
            };
            let compiled = Some(clean(pattern))
                .filter(|_| !pattern.is_empty())
                .and_then(|p| Pattern::new(&p));
            rules.push(Rule {
                exception,
                pattern: compiled.ok_or_else(|| Error::Pattern {
                    path: path.to_owned(),
                    line: at + 1,
                    pattern: trimmed.escape_debug().to_string(),
                })?,
            });
        }
        Ok(Self { rules })
    }

    /// Whether a path from the context's folder is excluded.
    pub fn excludes(&self, path: &[u8]) -> bool {
        let mut excluded = false;
        for rule in &self.rules {
            // Skip rules that would change nothing.
            if rule.exception == excluded && rule.covers(path) {
                excluded = !rule.exception;
            }
        }
        excluded
    }

    /// Whether files below an ignored folder may be restored.
    pub fn has_exceptions(&self) -> bool {
        self.rules.iter().any(|rule| rule.exception)
    }
}

impl Rule {
    /// Whether the pattern matches the path or a folder above it.
    fn covers(&self, path: &[u8]) -> bool {
        let parents = (0..path.len()).filter(|at| path[*at] == b'/');
        self.pattern.matches(path)
            || parents
                .map(|at| &path[..at])
                .any(|folder| self.pattern.matches(folder))
    }
}

/// Go's `filepath.Clean`, from the context's folder: no empty parts, no `.`, no `..` at the start, no slash at either
/// end.
fn clean(pattern: &str) -> String {
    let rooted = pattern.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    if parts.is_empty() {
        return if rooted { "/".into() } else { ".".into() };
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ignore(text: &str) -> Result<Ignore> {
        Ignore::parse(Utf8Path::new(".dockerignore"), text)
    }

    /// The first rows are the examples of Docker's manual.
    #[test]
    fn rules() {
        let table = [
            ("*/temp*", "somedir/temporary.txt", true),
            ("*/temp*", "somedir/temp/x", true),
            ("*/temp*", "temp", false),
            ("*/*/temp*", "somedir/subdir/temporary.txt", true),
            ("temp?", "tempa", true),
            ("temp?", "temp", false),
            ("temp?", "x/tempa", false),
            ("**/*.go", "a.go", true),
            ("**/*.go", "a/b/c.go", true),
            ("**/*.go", "a/b/c.god", false),
            ("*.md\n!README.md", "README.md", false),
            ("*.md\n!README.md", "NOTES.md", true),
            (
                "*.md\n!README*.md\nREADME-secret.md",
                "README-secret.md",
                true,
            ),
            (
                "*.md\n!README*.md\nREADME-secret.md",
                "README-open.md",
                false,
            ),
            (
                "*.md\nREADME-secret.md\n!README*.md",
                "README-secret.md",
                false,
            ),
            // Rooted, and folders with their contents.
            ("target", "target/debug/x", true),
            ("target", "a/target", false),
            ("/target/", "target", true),
            ("./a//b/../c", "a/c", true),
            ("../x", "x", false),
            ("/../x", "x", true),
            ("**/target", "target", true),
            ("**/target", "a/b/target/c", true),
            ("**/target", "a/mytarget", false),
            ("**target", "a/mytarget", true),
            ("a/**", "a/b/c", true),
            ("a/**", "a", false),
            ("a/**/c", "a/c", true),
            ("a/**/c", "a/x/y/c", true),
            ("a/**/c", "a/xc", false),
            ("**", ".x/y", true),
            ("*", "a/b", true),
            ("*\n!a/b", "a/b", false),
            ("*\n!a/b", "a/c", true),
            ("*\n!a", "a/c/d", false),
            ("*\n!**/*.rs", "a/b.rs", false),
            // Blanks, comments, marks.
            ("# a\n\n  b  ", "b", true),
            ("#a", "#a", false),
            (" #a", "#a", true),
            ("\\#a", "#a", true),
            ("\u{feff}a\r\nb\r", "a", true),
            ("a\n! a", "a", false),
            (".", "a", false),
            ("/", "a", false),
            // Sets and escapes.
            ("[a-c]x", "bx", true),
            ("[^a-c]x", "bx", false),
            ("[^a-c]x", "dx", true),
            ("a\\*", "a*", true),
            ("a\\*", "ab", false),
            ("a.b", "axb", false),
            ("a{b,c}", "ab", false),
        ];
        for (text, path, expected) in table {
            assert_eq!(
                ignore(text).expect(text).excludes(path.as_bytes()),
                expected,
                "{text:?} {path}"
            );
        }
    }

    #[test]
    fn bad_patterns_say_where() {
        for text in ["!", "[", "[]a", "a[b", "[a-", "x\\"] {
            let error = ignore(&format!("ok\n{text}")).expect_err(text).to_string();
            assert!(error.starts_with(".dockerignore:2: "), "{error}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "([*?/!#.\\\\\\[\\]^-]|[ab]|\\n|\\PC){0,30}", path in "[ab/.]{0,20}") {
            if let Ok(ignore) = ignore(&text) {
                ignore.excludes(path.as_bytes());
            }
        }

        #[test]
        fn a_plain_path_matches_itself_and_what_lies_below(path in "[a-z]{1,4}(/[a-z]{1,4}){0,3}", other in "[a-z]{5}") {
            let ignore = ignore(&path).expect("plain");
            prop_assert!(ignore.excludes(path.as_bytes()));
            let below = format!("{path}/{other}");
            prop_assert!(ignore.excludes(below.as_bytes()));
            prop_assert!(!ignore.excludes(other.as_bytes()));
        }
    }
}
