//! Archives that are older or newer than the registry.

use archive::Archive;
use camino::Utf8Path;
use registry::Entry;

/// Whether an archive holds other images than the registry says, like one that a CI system restored from an older run: it
/// counts as absent. Reads the archive's index alone. An archive that can't be read is not stale: loading says what
/// is wrong with it.
pub fn is_stale(path: &Utf8Path, entry: &Entry) -> bool {
    entry.image_id.is_some_and(|id| {
        Archive::open(path).is_ok_and(|archive| archive.image(Some(id)).is_none())
    })
}

/// What is said of such an archive.
pub fn stale(path: &Utf8Path) -> String {
    format!("{path}: is stale: it holds another image than the registry says")
}

#[cfg(test)]
mod tests {
    use naming::Digest;

    use super::*;

    #[test]
    fn only_another_image_is_stale() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = Utf8Path::from_path(folder.path()).expect("UTF-8");
        let sample = samples::sample();
        std::fs::write(root.join("a.tar"), sample.classic()).expect("an archive");
        std::fs::write(root.join("damaged.tar"), "no archive").expect("a file");
        let archive = Archive::open(&root.join("a.tar")).expect("an archive");
        let own = archive.images()[0].image_id;
        let other = Digest::from_bytes([7; 32]);
        for (file, image_id, stale) in [
            ("a.tar", Some(own), false),
            ("a.tar", Some(other), true),
            ("a.tar", None, false),
            ("damaged.tar", Some(own), false),
            ("none.tar", Some(own), false),
        ] {
            let tag = "x:1".parse().expect("a reference");
            let mut entry = Entry::new("x", file, tag, "debian:12", "x86_64");
            entry.image_id = image_id;
            assert_eq!(
                is_stale(&root.join(file), &entry),
                stale,
                "{file} {image_id:?}"
            );
        }
    }
}
