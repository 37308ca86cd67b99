//! The packages in an image's own package lists: those that its package manager can install, as far as is known without
//! a network.
//!
//! apt has a text of stanzas for each component of a source, `HOST_PATH_dists_SUITE_COMPONENT_binary-ARCH_Packages`.
//! Most images have none. A package may be missing in the lists only because they are incomplete or compressed. So they
//! count only if all sources have plain lists.

use std::collections::BTreeSet;
use std::io::{self, Write};

use archive::RootFs;
use naming::PackageName;

use crate::Result;
use crate::files::Files;

const LISTS: &str = "var/lib/apt/lists";
const SOURCES: &str = "etc/apt/sources.list";
const MORE_SOURCES: &str = "etc/apt/sources.list.d";

/// The largest accepted file of sources, in bytes.
const MAX_SOURCES: u64 = 1 << 20;
/// The most names. Debian has some 65,000.
const MAX_NAMES: usize = 500_000;
/// The longest line of a list that counts.
const MAX_LINE: usize = 16 * 1024;
/// The largest distance of a suggestion, in letters to change, add or remove.
const NEAR: usize = 2;

/// The names in an image's package lists, including provided ones.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Offered {
    names: BTreeSet<String>,
    line: Vec<u8>,
}

impl Offered {
    /// Reads an image's lists; `None` if they are incomplete, so that a missing name proves nothing.
    pub fn read(root: &RootFs) -> Result<Option<Self>> {
        let lists = Files::list(root, LISTS);
        if !are_whole(root, &lists)? {
            return Ok(None);
        }
        let mut offered = Self::default();
        for list in lists.iter().filter(|name| name.ends_with("_Packages")) {
            root.read_to(&format!("{LISTS}/{list}"), &mut offered)?;
            offered.end_line();
        }
        Ok(Some(offered).filter(|offered| !offered.names.is_empty()))
    }

    /// Whether a package has or provides this name.
    pub fn has(&self, package: &PackageName) -> bool {
        self.names.contains(package.name())
    }

    /// The nearest name to a missing one, if one is near.
    pub fn nearest(&self, name: &str) -> Option<&str> {
        let near = self.names.iter().filter_map(|known| {
            let distance = distance(name, known);
            (distance <= NEAR && distance < name.len()).then_some((distance, known.as_str()))
        });
        near.min().map(|(_, known)| known)
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&line);
        let (names, sign) = match text.split_once(": ") {
            Some(("Package", names)) => (names, ' '),
            Some(("Provides", names)) => (names, ','),
            _ => return,
        };
        for name in names.split(sign) {
            let name = name.split_whitespace().next().unwrap_or_default();
            let name = name.split(':').next().unwrap_or_default();
            if !name.is_empty() && self.names.len() < MAX_NAMES {
                self.names.insert(name.to_owned());
            }
        }
    }
}

impl Write for Offered {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = MAX_LINE.saturating_sub(self.line.len());
            let text = piece.strip_suffix(b"\n").unwrap_or(piece);
            self.line.extend(&text[..text.len().min(room)]);
            if piece.ends_with(b"\n") {
                self.end_line();
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether each suite of each source has a plain list.
fn are_whole(files: &impl Files, lists: &[String]) -> Result<bool> {
    let mut texts = Vec::new();
    texts.extend(files.read(SOURCES, MAX_SOURCES)?);
    for name in files.list(MORE_SOURCES) {
        texts.extend(files.read(&format!("{MORE_SOURCES}/{name}"), MAX_SOURCES)?);
    }
    let texts: Vec<_> = texts
        .iter()
        .map(|text| String::from_utf8_lossy(text))
        .collect();
    let wanted: Vec<String> = texts.iter().flat_map(|text| suites(text)).collect();
    let has = |start: &String| {
        let mut lists = lists.iter();
        lists.any(|list| list.starts_with(start) && list.ends_with("_Packages"))
    };
    Ok(!wanted.is_empty() && wanted.iter().all(has))
}

/// The prefixes of the lists of each suite in a file of sources: lines `deb [options] URI SUITE COMPONENT…`, or the
/// fields `URIs` and `Suites` (sources.list(5)).
fn suites(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut add = |uri: &str, suite: &str| {
        let place = uri.split_once("://").map_or(uri, |(_, place)| place);
        let place = place.trim_end_matches('/').replace('/', "_");
        let suite = suite.replace('/', "_");
        found.push(format!("{place}_dists_{suite}_"));
    };
    let mut uris = Vec::new();
    for line in text.lines() {
        if let Some(line) = line.trim_start().strip_prefix("deb ") {
            let line = match line.trim_start().strip_prefix('[') {
                Some(rest) => rest.split_once(']').map_or("", |(_, rest)| rest),
                None => line,
            };
            let mut words = line.split_whitespace();
            add(
                words.next().unwrap_or_default(),
                words.next().unwrap_or_default(),
            );
        } else if let Some(list) = line.strip_prefix("URIs:") {
            uris = list.split_whitespace().collect();
        } else if let Some(list) = line.strip_prefix("Suites:") {
            for suite in list.split_whitespace() {
                uris.iter().for_each(|uri| add(uri, suite));
            }
        }
    }
    found
}

/// The letters to change, add or remove between two names (Levenshtein); counting stops after [`NEAR`].
fn distance(one: &str, other: &str) -> usize {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len().abs_diff(other.len()) > NEAR {
        return NEAR + 1;
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, byte) in one.iter().enumerate() {
        let mut before = std::mem::replace(&mut row[0], at + 1);
        for (column, same) in other.iter().map(|theirs| theirs == byte).enumerate() {
            let change = before + usize::from(!same);
            before = row[column + 1];
            row[column + 1] = change.min(before + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::testing::Tree;

    const LIST: &str = "Package: libssl-dev\nProvides: libssl-any (= 3), c-ssl:any\nDescription: Package: no\n\nPackage: gcc-12\n";

    fn offered(text: &str, piece: usize) -> Offered {
        let mut offered = Offered::default();
        for bytes in text.as_bytes().chunks(piece) {
            offered.write_all(bytes).expect("nothing fails");
        }
        offered.end_line();
        offered
    }

    #[test]
    fn names_and_what_is_provided() {
        for piece in [1, 7, 1000] {
            let offered = offered(LIST, piece);
            let names: Vec<_> = offered.names.iter().map(String::as_str).collect();
            assert_eq!(names, ["c-ssl", "gcc-12", "libssl-any", "libssl-dev"]);
        }
    }

    #[test]
    fn a_near_name() {
        let offered = offered(LIST, 99);
        for (name, near) in [
            ("libssl-devv", Some("libssl-dev")),
            ("gcc-15", Some("gcc-12")),
            ("make", None),
            ("libssl", None),
        ] {
            assert_eq!(offered.nearest(name), near, "{name}");
        }
        assert_eq!(distance("abc", "abc"), 0);
        assert_eq!(distance("abc", "acb"), 2);
        assert_eq!(distance("abc", "abcdef"), 3);
    }

    #[test]
    fn lists_count_if_they_are_of_all_sources() {
        let main = "deb.debian.org_debian_dists_bookworm_main_binary-amd64_Packages";
        let old = "# x\ndeb [signed-by=/x y=z] http://deb.debian.org/debian/ bookworm main\ndeb-src http://x y z\n";
        let new = "Types: deb\nURIs: http://deb.debian.org/debian\nSuites: bookworm\n";
        let more = "deb http://deb.debian.org/debian bookworm-updates main\n";
        for (sources, path, list, expected) in [
            (old.to_owned(), SOURCES, main.to_owned(), true),
            (
                new.to_owned(),
                "etc/apt/sources.list.d/debian.sources",
                main.to_owned(),
                true,
            ),
            (format!("{old}{more}"), SOURCES, main.to_owned(), false),
            (old.to_owned(), SOURCES, format!("{main}.lz4"), false),
            (String::new(), SOURCES, main.to_owned(), false),
        ] {
            let files = Tree::new(&[(path, &sources)]);
            assert_eq!(
                are_whole(&files, &[list]).expect("read"),
                expected,
                "{sources}"
            );
        }
    }
}
