//! os-release(5): `NAME=value` lines in a small part of the shell's language.
//!
//! A value is bare, in single quotes or in double quotes. A backslash escapes the next character (inside double quotes
//! only `"`, `$`, `` ` `` and `\`, as in a shell; inside single quotes it is literal). Nothing is expanded. `#` at the
//! start of a line starts a comment. The last of two assignments wins. `/etc/os-release` precedes
//! `/usr/lib/os-release`.

use std::collections::BTreeMap;

use naming::Os;

use crate::files::Files;
use crate::{Manager, Result};

/// The paths of the file, in this order, by os-release(5).
pub(crate) const PATHS: [&str; 2] = ["etc/os-release", "usr/lib/os-release"];

/// The largest accepted file, in bytes. Real ones have under 1 KB.
const MAX_FILE: u64 = 64 * 1024;

/// The fields of an image's os-release. Empty if the image has none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OsRelease {
    fields: BTreeMap<String, String>,
}

impl OsRelease {
    pub(crate) fn read(files: &dyn Files) -> Result<Self> {
        for path in PATHS {
            if let Some(bytes) = files.read(path, MAX_FILE)? {
                return Ok(Self::parse(&bytes));
            }
        }
        Ok(Self::default())
    }

    /// Parses an os-release file. Lines without an assignment are skipped, as os-release(5) requires.
    pub fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let fields = text
            .lines()
            .filter_map(|line| {
                let (name, value) = line.trim().split_once('=')?;
                let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
                (!name.is_empty() && name.bytes().all(word))
                    .then(|| Some((name.to_owned(), unquote(value)?)))?
            })
            .collect();
        Self { fields }
    }

    /// A field by its name, such as `PRETTY_NAME`; `None` if it is missing or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Whether the image has no os-release, or an empty one.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The operating system; `None` without a usable `ID`.
    pub fn os(&self) -> Option<Os> {
        let codename = self.get("VERSION_CODENAME");
        Os::from_os_release(self.get("ID")?, self.get("VERSION_ID"), codename).ok()
    }

    /// The package manager of the system, or else of a system in `ID_LIKE`.
    pub fn manager(&self) -> Option<&'static Manager> {
        let mut likes = self.get("ID_LIKE").unwrap_or_default().split_whitespace();
        let of_like = |like: &str| Manager::of(&like.parse().ok()?);
        let own = self.os().and_then(|os| Manager::of(&os));
        own.or_else(|| likes.find_map(of_like))
    }
}

/// The value on the right side of an assignment; `None` for an unclosed quote.
fn unquote(value: &str) -> Option<String> {
    let value = value.trim();
    match value.chars().next() {
        Some('\'') => Some(value.strip_prefix('\'')?.strip_suffix('\'')?.to_owned()),
        Some('"') => unescape(value, true),
        _ => unescape(value, false),
    }
}

fn unescape(value: &str, quoted: bool) -> Option<String> {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars().skip(usize::from(quoted));
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted => return Some(out),
            '\\' => match chars.next() {
                Some(next) if quoted && !matches!(next, '"' | '$' | '`' | '\\') => {
                    out.extend(['\\', next]);
                }
                Some(next) => out.push(next),
                None => out.push('\\'),
            },
            c => out.push(c),
        }
    }
    (!quoted).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quoting() {
        let table = [
            ("ID=debian", Some("debian")),
            ("ID=\"debian\"", Some("debian")),
            ("ID='debian'", Some("debian")),
            (
                "ID=\"a \\\"b\\\" \\$c \\`d\\` \\\\ \\n\"",
                Some("a \"b\" $c `d` \\ \\n"),
            ),
            ("ID='a \\\" $b'", Some("a \\\" $b")),
            ("ID=a\\ b", Some("a b")),
            ("  ID=debian  ", Some("debian")),
            ("ID=debian\r", Some("debian")),
            ("ID=ubuntu\nID=debian", Some("debian")),
            ("#ID=debian", None),
            ("# ID=debian", None),
            ("ID=", None),
            ("ID=\"\"", None),
            ("ID=\"open", None),
            ("ID='", None),
            ("ID", None),
            ("ID =debian", None),
            ("export ID=debian", None),
        ];
        for (text, expected) in table {
            assert_eq!(
                OsRelease::parse(text.as_bytes()).get("ID"),
                expected,
                "{text:?}"
            );
        }
    }

    #[test]
    fn systems() {
        let table = [
            (
                "ID=debian\nVERSION_ID=\"12\"",
                Some("debian:12"),
                Some("apt"),
            ),
            (
                "ID=debian\nVERSION_CODENAME=forky",
                Some("debian:forky"),
                Some("apt"),
            ),
            (
                "ID=alpine\nVERSION_ID=3.20.3",
                Some("alpine:3.20"),
                Some("apk"),
            ),
            ("ID=busybox\nBUILD_ID=rolling", Some("busybox"), None),
            (
                "ID=pop\nVERSION_ID=22.04\nID_LIKE=\"ubuntu debian\"",
                Some("pop:22.04"),
                Some("apt"),
            ),
            ("ID=\"../../etc\"", None, None),
            ("NAME=x", None, None),
            ("", None, None),
        ];
        for (text, os, manager) in table {
            let release = OsRelease::parse(text.as_bytes());
            assert_eq!(
                release.os().map(|os| os.to_string()).as_deref(),
                os,
                "{text:?}"
            );
            let found = release.manager().map(|manager| manager.name);
            assert_eq!(found, manager, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let release = OsRelease::parse(&bytes);
            let _ = (release.os(), release.manager());
        }

        #[test]
        fn what_is_quoted_comes_back(value in "[^\\x00-\\x1f\\x7f-\\u{a0}\\u{2028}\\u{2029}]{1,30}") {
            let mut text = String::from("X=\"");
            for c in value.chars() {
                if matches!(c, '"' | '$' | '`' | '\\') {
                    text.push('\\');
                }
                text.push(c);
            }
            text.push('"');
            let release = OsRelease::parse(text.as_bytes());
            prop_assert_eq!(release.get("X"), Some(value.as_str()));
        }
    }
}
