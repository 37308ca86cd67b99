//! From what a person wrote to an archive on disk and, where it is registered, its entry.

use camino::Utf8PathBuf;
use cli::find_entry;
use failure::{Code, Failure};
use registry::{Entry, Registry, Store};

/// An archive to load.
#[derive(Debug, Clone)]
pub struct Target {
    /// Where the archive is, as it opens from the working directory.
    pub path: Utf8PathBuf,
    /// What the registry says of it; `None` for an archive that is not registered.
    pub entry: Option<Entry>,
}

/// Finds what an operand names: a registered name, or a path (registered or not).
///
/// What looks like a path (holds a slash or ends in `.tar`) is one, even where an entry has the
/// same name. A path whose file is missing may still be a registered one: the message says so.
pub fn resolve(store: &Store, registry: &Registry, operand: &str) -> Result<Target, Failure> {
    if let Some(entry) = find_entry(store, registry, operand)? {
        return registered(store, entry);
    }
    let path = Utf8PathBuf::from(operand);
    if !path.exists() && !cli::is_path(operand) {
        return Err(Failure::new(
            Code::Archive,
            "no such archive, and no image of that name is registered",
        )
        .about(operand)
        .with_hint(cli::where_it_looked(store)));
    }
    Ok(Target { path, entry: None })
}

/// The target that an entry stands for. Its `file:` must stay inside the store.
pub fn registered(store: &Store, entry: &Entry) -> Result<Target, Failure> {
    let file = store
        .path(&entry.file)
        .map_err(|error| Failure::from(error).about(&entry.name))?;
    Ok(Target {
        path: store.relative(&file, &cli::working_dir()?),
        entry: Some(entry.clone()),
    })
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
            let target = resolve(&store, &store.read().expect("a registry"), operand)?;
            Ok(target.entry.map(|entry| entry.name))
        };
        let inside = |file: &str| root.join(file).into_string();
        for (operand, expected) in [
            ("one".into(), Ok(Some("one".into()))),
            ("two:1".into(), Ok(Some("a.tar".into()))),
            // A path, even where an entry has the name.
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
