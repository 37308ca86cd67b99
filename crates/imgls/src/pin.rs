//! Pins images, so that pruning keeps them.

use std::time::Duration;

use failure::Failure;
use registry::{Edit, Store};

/// Pins or unpins these images: all of them or, if one is no longer registered, none. An entry with the right value is
/// not changed.
pub fn pin(
    store: &Store,
    names: &[String],
    pinned: bool,
    lock_timeout: Duration,
) -> Result<(), Failure> {
    store.update(lock_timeout, |registry| {
        let mut edits = Vec::new();
        for name in names {
            let entry = registry
                .get(name)
                .ok_or_else(|| registry::not_registered(store, name))?;
            if entry.pinned != pinned {
                let mut entry = entry.clone();
                entry.pinned = pinned;
                edits.push(Edit::Put(entry));
            }
        }
        Ok((edits, ()))
    })
}

#[cfg(test)]
mod tests {
    use camino::Utf8PathBuf;
    use failure::Code;

    use super::*;

    const REGISTRY: &str = "# ours
images:
  - name: one   # the first
    file: a.tar
    docker_tag: 'one:1'
    os: debian:12
    architecture: x86_64
  - {name: two, file: b.tar, docker_tag: 'two:1', os: 'debian:12', architecture: x86_64}
";

    #[test]
    fn nothing_changes_but_what_is_pinned() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).expect("UTF-8");
        let file = root.join("image-registry.yml");
        std::fs::write(&file, REGISTRY).expect("a registry");
        let store = Store::locate(&root, None);
        let set = |names: &[&str], pinned| {
            let names: Vec<_> = names.iter().map(ToString::to_string).collect();
            let done = pin(&store, &names, pinned, Duration::from_secs(1));
            let text = std::fs::read_to_string(&file).expect("a registry");
            done.map(|()| text)
        };
        let both = set(&["one", "two", "one"], true).expect("pinned");
        assert_eq!(both.matches("pinned: true").count(), 2, "{both}");
        assert_eq!(
            set(&["two", "one"], true).as_ref().ok(),
            Some(&both),
            "again"
        );
        let unpinned = both.replace("pinned: true", "pinned: false");
        assert_eq!(set(&["one", "two"], false), Ok(unpinned.clone()));
        let failure = set(&["one", "none"], true).expect_err("not registered");
        assert_eq!(failure.code(), Code::Archive);
        let after = std::fs::read_to_string(&file).expect("a registry");
        assert_eq!(after, unpinned, "all or none");
    }
}
