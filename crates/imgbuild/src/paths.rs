//! Which paths a plan may name: registered archives, and what is inside the registry's folder. A plan may
//! come from anywhere; it does not get to read the rest of the disk.

use camino::{Utf8Path, Utf8PathBuf};
use cli::{Code, Failure};
use imgload::Target;
use registry::{Registry, Store};

/// The archive that a plan names.
pub(crate) fn archive(
    store: &Store,
    registry: &Registry,
    path: &Utf8Path,
) -> Result<Target, Failure> {
    let absolute = cli::absolute(path)?;
    if let Some(entry) = store.find(registry, &absolute) {
        let target = imgload::target::registered(store, entry)?;
        return if target.path.is_file() {
            Ok(target)
        } else {
            Err(missing(path))
        };
    }
    let path = inside(store, path, "archive")?;
    if path.is_file() {
        Ok(Target { path, entry: None })
    } else {
        Err(missing(&path))
    }
}

/// A file or folder that a plan names, as it opens from the working directory.
pub(crate) fn inside(store: &Store, path: &Utf8Path, what: &str) -> Result<Utf8PathBuf, Failure> {
    let absolute = cli::absolute(path)?;
    let root = store.root().canonicalize_utf8();
    let real = absolute.canonicalize_utf8();
    match (real, root) {
        (Ok(real), Ok(root)) if real.starts_with(&root) => Ok(path.to_owned()),
        (Ok(_), _) => Err(Failure::invalid(format!(
            "the plan's {what} is outside the registry's folder {}",
            store.root()
        ))
        .about(path.as_str())),
        (Err(error), _) if error.kind() == std::io::ErrorKind::NotFound => Err(missing(path)),
        (Err(error), _) => Err(Failure::new(Code::Other, error.to_string()).about(path.as_str())),
    }
}

fn missing(path: &Utf8Path) -> Failure {
    Failure::new(Code::Archive, "no such file").about(path.as_str())
}
