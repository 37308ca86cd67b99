//! Resolves operands to entries and archives.

use camino::Utf8PathBuf;
use failure::{Code, Failure};

use crate::{Entry, Registry, Store};

/// An archive to load.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its path, from the working directory.
    pub path: Utf8PathBuf,
    /// Its entry; `None` for an archive that is not registered.
    pub entry: Option<Entry>,
}

impl Target {
    /// Resolves an operand: a registered image, or a path (registered or not).
    ///
    /// An operand with a slash or the suffix `.tar` is a path, even if an entry has this name. If the file is missing,
    /// the path may still be a registered one: the message says so.
    pub fn resolve(store: &Store, registry: &Registry, operand: &str) -> Result<Self, Failure> {
        if let Some(entry) = find_stored(store, registry, operand) {
            return Self::registered(store, entry);
        }
        let path = Utf8PathBuf::from(operand);
        if !store.cwd().join(&path).exists() && !is_path(operand) {
            return Err(Failure::new(
                Code::Archive,
                "no such archive, and no image of that name is registered",
            )
            .about(operand)
            .with_hint(where_it_looked(store)));
        }
        Ok(Self { path, entry: None })
    }

    /// The target of an entry. Its `file:` must stay inside the store.
    pub fn registered(store: &Store, entry: &Entry) -> Result<Self, Failure> {
        let file = store
            .path(&entry.file)
            .map_err(|error| Failure::from(error).about(&entry.name))?;
        Ok(Self {
            path: store.relative(&file, store.cwd()),
            entry: Some(entry.clone()),
        })
    }
}

/// The entry of an operand: its name, a tag that imgload sets, or the path of its archive.
pub fn find_entry<'a>(store: &Store, registry: &'a Registry, operand: &str) -> Option<&'a Entry> {
    if !is_path(operand)
        && let Some(entry) = registry.get(operand)
    {
        return Some(entry);
    }
    let tagged = |entry: &&Entry| entry.tags().any(|tag| tag.to_string() == operand);
    if let Some(entry) = registry.entries().iter().find(tagged) {
        return Some(entry);
    }
    store.find(registry, &store.cwd().join(operand))
}

/// The entry of a word from another command: as [`find_entry`], or by its image ID or remote reference.
pub fn find_stored<'a>(store: &Store, registry: &'a Registry, operand: &str) -> Option<&'a Entry> {
    let is = |said: Option<String>| said.is_some_and(|said| said == operand);
    let told = |entry: &&Entry| {
        is(entry.image_id.map(|id| id.to_string()))
            || is(entry.remote.as_ref().map(ToString::to_string))
    };
    find_entry(store, registry, operand).or_else(|| registry.entries().iter().find(told))
}

/// The failure for a name without an entry: the image is not in the store, as if its archive were missing.
pub fn not_registered(store: &Store, operand: &str) -> Failure {
    Failure::new(Code::Archive, "no image of that name is registered")
        .about(operand)
        .with_hint(where_it_looked(store))
}

/// The path of the registry, for a hint.
pub fn where_it_looked(store: &Store) -> String {
    if store.exists() {
        format!("the registry is {}", store.file())
    } else {
        format!("there is no registry: {} does not exist", store.file())
    }
}

/// Whether an operand is a path and not a name: it contains a slash or ends with `.tar`.
pub fn is_path(operand: &str) -> bool {
    operand.contains('/') || operand.ends_with(".tar")
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGISTRY: &str = "version: 1.0
images:
  - {name: one, file: a.tar, docker_tag: 'one:1', os: 'debian:12', architecture: x86_64}
  - {name: a.tar, file: other.tar, docker_tag: 'two:1', os: 'debian:12', architecture: x86_64}
  - {name: out, file: ../x.tar, docker_tag: 'out:1', os: 'debian:12', architecture: x86_64}
";

    #[test]
    fn names_and_paths_are_told_apart() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).expect("UTF-8");
        std::fs::create_dir(root.join("images")).expect("a folder");
        std::fs::write(root.join("image-registry.yml"), REGISTRY).expect("a registry");
        let store = Store::locate(&root, None);
        let named = |operand: &str| {
            let target = Target::resolve(&store, &store.read().expect("a registry"), operand)?;
            Ok(target.entry.map(|entry| entry.name))
        };
        let inside = |file: &str| root.join(file).into_string();
        for (operand, expected) in [
            ("one".into(), Ok(Some("one".into()))),
            ("two:1".into(), Ok(Some("a.tar".into()))),
            // A path, even if an entry has the name.
            (inside("a.tar"), Ok(Some("one".into()))),
            (inside("./images/../a.tar"), Ok(Some("one".into()))),
            (inside("none.tar"), Ok(None)),
            ("none".into(), Err(Code::Archive)),
            ("out".into(), Err(Code::Invalid)),
        ] {
            let found = named(&operand).map_err(|failure: Failure| failure.code());
            assert_eq!(found, expected, "{operand}");
        }
    }
}
