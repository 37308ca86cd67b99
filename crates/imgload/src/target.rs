//! From what a person wrote to an archive on disk and, where it is registered, its entry.

use camino::Utf8PathBuf;
use cli::{Code, Failure};
use registry::{Entry, Store};

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
pub fn resolve(store: &Store, operand: &str) -> Result<Target, Failure> {
    let registry = store.read_or_empty()?;
    let looks_like_path = operand.contains('/') || operand.ends_with(".tar");
    if !looks_like_path && let Some(entry) = registry.get(operand) {
        return registered(store, entry);
    }
    let path = Utf8PathBuf::from(operand);
    if let Some(entry) = store.find(&registry, &cli::absolute(&path)?) {
        return registered(store, entry);
    }
    if !path.exists() && !looks_like_path {
        return Err(Failure::new(
            Code::Archive,
            "no such archive, and no image of that name is registered",
        )
        .about(operand)
        .with_hint(format!("the registry is {}", store.file())));
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
