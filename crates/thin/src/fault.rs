//! Archives that count as absent: they hold another image than the registered one, or cannot be read.

use std::fmt;

use archive::Archive;
use camino::Utf8Path;
use failure::{Code, Reported};
use registry::Entry;

/// Why an archive counts as absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It holds other images than the registry says. A CI system may have restored it from an older run.
    Stale,
    /// Its index cannot be read, for this reason.
    Damaged(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Stale => f.write_str("is stale: it holds another image than the registry says"),
            Self::Damaged(what) => f.write_str(what),
        }
    }
}

/// Why the archive of an entry counts as absent, if it does. Reads only the archive's index.
///
/// The entry must say which image it means. A Git LFS pointer is no fault: `git lfs pull` brings the archive. A file
/// without read permission is no fault either: another user may read it.
pub fn fault(path: &Utf8Path, entry: &Entry) -> Option<Fault> {
    let id = entry.image_id?;
    if !path.is_file() {
        return None;
    }
    match Archive::open(path) {
        Ok(archive) => archive.image(Some(id)).is_none().then_some(Fault::Stale),
        Err(error) if error.is_lfs_pointer() || error.code() != Code::Archive => None,
        Err(error) => {
            let text = error.to_string();
            let what = text.strip_prefix(&format!("{path}: "));
            Some(Fault::Damaged(what.unwrap_or(&text).to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use naming::Digest;

    use super::*;

    #[test]
    fn another_image_is_stale_and_what_cannot_be_read_is_damaged() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = Utf8Path::from_path(folder.path()).expect("UTF-8");
        let whole = samples::sample().classic();
        let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n";
        for (file, bytes) in [
            ("a.tar", &whole[..]),
            ("empty.tar", b""),
            ("garbage.tar", b"no archive"),
            ("truncated.tar", &whole[..whole.len() / 2]),
            ("pointer.tar", pointer.as_bytes()),
        ] {
            std::fs::write(root.join(file), bytes).expect("a file");
        }
        let archive = Archive::open(&root.join("a.tar")).expect("an archive");
        let own = archive.images()[0].image_id;
        let other = Digest::from_bytes([7; 32]);
        for (file, image_id, expected) in [
            ("a.tar", Some(own), None),
            ("a.tar", Some(other), Some("stale")),
            ("a.tar", None, None),
            ("empty.tar", Some(own), Some("damaged")),
            ("garbage.tar", Some(own), Some("damaged")),
            ("truncated.tar", Some(own), Some("damaged")),
            ("garbage.tar", None, None),
            ("pointer.tar", Some(own), None),
            ("none.tar", Some(own), None),
        ] {
            let tag = "x:1".parse().expect("a reference");
            let mut entry = Entry::new("x", file, tag, "debian:12", "x86_64");
            entry.image_id = image_id;
            let found = fault(&root.join(file), &entry);
            let kind = found.as_ref().map(|found| match found {
                Fault::Stale => "stale",
                Fault::Damaged(_) => "damaged",
            });
            assert_eq!(kind, expected, "{file} {image_id:?}");
            let said = found.map(|found| found.to_string()).unwrap_or_default();
            assert!(!said.contains(file), "{said}");
        }
    }
}
