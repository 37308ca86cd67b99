//! Workflows in the style of C++ libraries, and their images.
//!
//! A file beside each workflow has the expected result, a line an entry: `name | image | architecture | compilers |
//! packages | tools`, or the beginning of the error.
#![expect(clippy::expect_used, reason = "a test may end where it fails")]

use camino::Utf8Path;
use config::Config;
use naming::Architecture;
use workflow::{JobEntry, MatrixKeys, Standing, Unread, parse_workflow};

const CONFIG: &str = "plan:
  keys: {toolset: compiler, std: cxxstd, deps: install, sanitizer-address: asan, arch: architecture}
  variants: {lto: lto}
  tools: {meson: meson}
  runners: {builder: 'debian:12'}
";

fn keys() -> MatrixKeys {
    let folder = tempfile::tempdir().expect("a folder");
    let root = Utf8Path::from_path(folder.path()).expect("UTF-8");
    std::fs::write(root.join(".localci.yml"), CONFIG).expect("a config");
    MatrixKeys::new(&Config::find(root, None).expect("a config").plan)
}

fn line(entry: &JobEntry, keys: &MatrixKeys) -> String {
    let wanted = match entry.standing("capy", keys) {
        Standing::Wants(wanted) => wanted,
        Standing::Unread(Unread::PassedOver(why)) => {
            return format!("{} | passed over: {why}", entry.name);
        }
        Standing::Unread(Unread::Unreadable(why)) => {
            return format!("{} | unreadable: {why}", entry.name);
        }
    };
    let name = wanted.image_name().expect("a name");
    let words = |words: Vec<&str>| words.join(" ");
    let line = format!(
        "{} | {name} | {} | {} | {} | {}",
        entry.name,
        wanted.architecture,
        words(wanted.compilers.iter().map(|one| one.as_str()).collect()),
        words(wanted.packages.iter().map(|one| one.as_str()).collect()),
        words(wanted.tools.iter().map(|one| one.as_str()).collect()),
    );
    let fields: Vec<_> = line.split('|').map(str::trim).collect();
    fields.join(" | ")
}

#[test]
fn every_entry_wants_what_it_says() {
    let keys = keys();
    for name in ["include", "axes", "mixed", "unreadable"] {
        let folder = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/workflows");
        let read = |end: &str| {
            let path = folder.join(format!("{name}.{end}"));
            std::fs::read_to_string(path).expect("a file")
        };
        let entries = parse_workflow("ci.yml".into(), &read("yml")).expect(name);
        let found: Vec<_> = entries.iter().map(|entry| line(entry, &keys)).collect();
        let host = Architecture::host().to_string();
        let expected = read("expected").replace("| host |", &format!("| {host} |"));
        for (found, expected) in found.iter().zip(expected.lines()) {
            let fields: Vec<_> = expected.split('|').map(str::trim).collect();
            match expected.contains(" | unreadable: ") {
                true => assert!(found.starts_with(expected), "{name}: {found}\n{expected}"),
                false => assert_eq!(*found, fields.join(" | "), "{name}"),
            }
        }
        assert_eq!(found.len(), expected.lines().count(), "{name}: {found:#?}");
    }
}
