//! A tree of files on disk, for comparisons.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

use pipeline_tests::Sandbox;

/// Files that an engine puts into every container.
const OF_CONTAINERS: [&str; 8] = [
    ".dockerenv",
    "dev",
    "proc",
    "sys",
    "etc/hosts",
    "etc/hostname",
    "etc/resolv.conf",
    "etc/mtab",
];

/// The files below a folder.
#[derive(Debug, Default)]
pub struct Tree {
    /// A description of each.
    pub files: BTreeMap<OsString, String>,
    /// The names of each file with several. Docker with fuse-overlayfs exports some as separate files.
    pub links: Vec<Vec<String>>,
}

/// Unpacks a tar into a new folder, and reads the result. Only root can set owners and devices; other users compare the
/// rest.
pub fn unpack(s: &Sandbox, tar: &str) -> Tree {
    let folder = format!("{tar}.d");
    fs::create_dir(s.path(&folder)).expect("a folder");
    let unpacked = s.run("tar", ["-x", "-p", "-f", tar, "-C", &folder]);
    unpacked.ok().silent();
    let root = s.path(&folder);
    let mut tree = Tree::default();
    let mut links = BTreeMap::new();
    let mut folders = vec![root.clone().into_std_path_buf()];
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<_> = fs::read_dir(&folder)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        entries.sort();
        for path in entries {
            let name = path.strip_prefix(&root).expect("inside");
            let is_own = OF_CONTAINERS.iter().any(|own| name.as_os_str() == *own);
            let metadata = fs::symlink_metadata(&path).expect("a file");
            if is_own {
                continue;
            }
            // The engine has put files into it.
            let stable = name != Path::new("etc");
            if metadata.nlink() > 1 && !metadata.is_dir() {
                let names: &mut Vec<String> = links.entry(metadata.ino()).or_default();
                names.push(name.to_string_lossy().into_owned());
                names.sort();
            }
            tree.files
                .insert(name.into(), words(&path, &metadata, stable));
            if metadata.is_dir() {
                folders.push(path);
            }
        }
    }
    tree.links = links.into_values().collect();
    tree.links.sort();
    tree
}

fn words(path: &Path, metadata: &fs::Metadata, stable: bool) -> String {
    let kind = metadata.file_type();
    let content = if kind.is_symlink() {
        format!("-> {:?}", fs::read_link(path).expect("a link"))
    } else if kind.is_file() {
        let bytes = fs::read(path).expect("a file");
        match std::str::from_utf8(&bytes) {
            Ok(text) if text.len() < 100 => format!("{text:?}"),
            _ => format!("{} bytes, {:x}", bytes.len(), sum(&bytes)),
        }
    } else if kind.is_char_device() || kind.is_block_device() {
        format!("device {:x}", metadata.rdev())
    } else {
        String::new()
    };
    let time = if stable { metadata.mtime() } else { 0 };
    format!(
        "{:o} {}:{} at {time} {content}",
        metadata.mode(),
        metadata.uid(),
        metadata.gid()
    )
}

/// Enough to distinguish files (Fowler, Noll and Vo's FNV-1a).
fn sum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    })
}

/// Prints the differences of two trees in readable lines.
#[track_caller]
pub fn assert_same(found: &Tree, expected: &Tree, what: &str) {
    let mut differences = String::new();
    let (found, expected) = (&found.files, &expected.files);
    let names: BTreeSet<_> = found.keys().chain(expected.keys()).collect();
    for name in names {
        let (found, expected) = (found.get(name), expected.get(name));
        if found != expected {
            let shown = name.as_bytes().escape_ascii();
            writeln!(
                differences,
                "{shown}\n  found    {found:?}\n  expected {expected:?}"
            )
            .expect("writes");
        }
    }
    assert!(differences.is_empty(), "{what}:\n{differences}");
}
