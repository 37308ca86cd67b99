//! Debian's package database: stanzas of `Field: value` lines, separated by empty lines.
//!
//! `var/lib/dpkg/status` lists all packages, also removed ones with remaining configuration. The third word of `Status`
//! says whether a package is installed, and the second that it is not broken (deb-status: want, flag, status; a held
//! package is installed too). Distroless images have no `status`, but a file for each package in
//! `var/lib/dpkg/status.d`, without a `Status` field.

use crate::Result;
use crate::files::Files;
use crate::packages::Packages;

pub(crate) const STATUS: &str = "var/lib/dpkg/status";
pub(crate) const STATUS_FOLDER: &str = "var/lib/dpkg/status.d";

/// The largest accepted `status`, in bytes. A full desktop's has 10 MB.
const MAX_STATUS: u64 = 64 * 1024 * 1024;
/// The most accepted files of `status.d`. Distroless images have under a hundred.
const MAX_FILES: usize = 10_000;
/// The largest accepted file of `status.d`, in bytes.
const MAX_STATUS_FILE: u64 = 1024 * 1024;

pub(crate) fn read(files: &dyn Files) -> Result<Packages> {
    let mut packages = match files.read(STATUS, MAX_STATUS)? {
        Some(bytes) => parse(&bytes, Statusless::Absent),
        None => Packages::default(),
    };
    for name in files.list(STATUS_FOLDER).into_iter().take(MAX_FILES) {
        if name.ends_with(".md5sums") {
            continue;
        }
        if let Some(bytes) = files.read(&format!("{STATUS_FOLDER}/{name}"), MAX_STATUS_FILE)? {
            packages.merge(parse(&bytes, Statusless::Installed));
        }
    }
    Ok(packages)
}

/// The meaning of a stanza without a `Status` field.
#[derive(Clone, Copy, PartialEq)]
enum Statusless {
    Installed,
    Absent,
}

fn parse(bytes: &[u8], without_status: Statusless) -> Packages {
    let text = String::from_utf8_lossy(bytes);
    let mut packages = Packages::default();
    let mut stanza = Stanza::default();
    for line in text.lines().chain([""]) {
        if line.trim().is_empty() {
            std::mem::take(&mut stanza).finish(without_status, &mut packages);
        } else if line.starts_with([' ', '\t']) {
            stanza.continue_field(line);
        } else if let Some((field, value)) = line.split_once(':') {
            stanza.field(field, value.trim());
        }
    }
    packages
}

#[derive(Default)]
struct Stanza<'a> {
    package: Option<&'a str>,
    version: &'a str,
    status: Option<&'a str>,
    provides: Vec<&'a str>,
    in_provides: bool,
}

impl<'a> Stanza<'a> {
    fn field(&mut self, field: &str, value: &'a str) {
        // Field names are case-insensitive (Debian policy 5.1).
        self.in_provides = field.eq_ignore_ascii_case("Provides");
        if self.in_provides {
            self.provides.push(value);
        } else if field.eq_ignore_ascii_case("Package") {
            self.package = Some(value).filter(|name| !name.is_empty());
        } else if field.eq_ignore_ascii_case("Version") {
            self.version = value;
        } else if field.eq_ignore_ascii_case("Status") {
            self.status = Some(value);
        }
    }

    fn continue_field(&mut self, line: &'a str) {
        if self.in_provides {
            self.provides.push(line.trim());
        }
    }

    fn finish(self, without_status: Statusless, packages: &mut Packages) {
        let installed = match self.status {
            Some(status) => {
                let mut words = status.split_whitespace().skip(1);
                (words.next(), words.next()) == (Some("ok"), Some("installed"))
            }
            None => without_status == Statusless::Installed,
        };
        if let (true, Some(package)) = (installed, self.package) {
            packages.insert(package, self.version);
            // `libfoo-dev (= 1.2), mail-transport-agent, python3:any`
            let names = self.provides.iter().flat_map(|line| line.split(','));
            packages.provide(names.map(|item| {
                let end = item.find(['(', ':']).unwrap_or(item.len());
                item[..end].trim()
            }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::testing::Tree;
    use proptest::prelude::*;

    const STATUS_TEXT: &str = "\
Package: gcc-12
Status: install ok installed
Architecture: amd64
Description: GNU C compiler
 Package: not-a-field
 .
Provides: c-compiler, gcc-x86-64-linux-gnu (= 12.2.0),
 gcc:amd64
Version: 12.2.0-14

Package: removed
Status: deinstall ok config-files
Version: 1

Package: broken
Status: install reinstreq half-installed
Version: 1

package: held
status: hold ok installed
version: 2

Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36

Package: libc6
Status: install ok installed
Architecture: i386
Version: 2.36

Package: no-status
Version: 3

Status: install ok installed
Version: 4
";

    #[test]
    fn only_what_is_installed() {
        let packages = parse(STATUS_TEXT.as_bytes(), Statusless::Absent);
        let installed: Vec<_> = packages
            .installed
            .iter()
            .map(|(name, version)| format!("{name}={version}"))
            .collect();
        assert_eq!(installed, ["gcc-12=12.2.0-14", "held=2", "libc6=2.36"]);
        let provided: Vec<_> = packages.provided.iter().map(String::as_str).collect();
        assert_eq!(provided, ["c-compiler", "gcc", "gcc-x86-64-linux-gnu"]);
    }

    #[test]
    fn distroless_has_a_file_for_each_package() {
        let tree = Tree::new(&[
            (
                "var/lib/dpkg/status.d/base",
                "Package: base-files\nVersion: 12.4\n",
            ),
            (
                "var/lib/dpkg/status.d/tzdata",
                "Package: tzdata\nVersion: 2024a\n\n",
            ),
            (
                "var/lib/dpkg/status.d/tzdata.md5sums",
                "Package: no\nVersion: 1\n",
            ),
        ]);
        let packages = read(&tree).expect("read");
        let names: Vec<_> = packages.installed.keys().collect();
        assert_eq!(names, ["base-files", "tzdata"]);
    }

    proptest! {
        #[test]
        fn never_panics(text in "((Package|Status|Provides|Version| )?[:, (]?[a-zé(),:= \\n]{0,12}\\n?){0,20}") {
            parse(text.as_bytes(), Statusless::Installed);
        }

        #[test]
        fn every_installed_package_is_found(names in proptest::collection::btree_set("[a-z][a-z0-9+.-]{1,10}", 0..20)) {
            let text: String = names
                .iter()
                .map(|name| format!("Package: {name}\nStatus: install ok installed\nVersion: 1\n\n"))
                .collect();
            let packages = parse(text.as_bytes(), Statusless::Absent);
            prop_assert!(packages.installed.keys().eq(names.iter()));
        }
    }
}
