//! Which entry an operand means.

use registry::{Entry, Registry, Store};

use failure::{Code, Failure};

use crate::absolute;

/// The entry that an operand means: by its name, by a tag that imgload sets, or by the path of its archive.
pub fn find_entry<'a>(
    store: &Store,
    registry: &'a Registry,
    operand: &str,
) -> Result<Option<&'a Entry>, Failure> {
    if !is_path(operand)
        && let Some(entry) = registry.get(operand)
    {
        return Ok(Some(entry));
    }
    let tagged = |entry: &&Entry| entry.tags().any(|tag| tag.to_string() == operand);
    if let Some(entry) = registry.entries().iter().find(tagged) {
        return Ok(Some(entry));
    }
    Ok(store.find(registry, &absolute(operand.into())?))
}

/// The failure for a name that no entry has: what is asked for is not in the store, as where its archive is missing.
pub fn not_registered(store: &Store, operand: &str) -> Failure {
    Failure::new(Code::Archive, "no image of that name is registered")
        .about(operand)
        .with_hint(where_it_looked(store))
}

/// Which registry was read, for a hint.
pub fn where_it_looked(store: &Store) -> String {
    if store.exists() {
        format!("the registry is {}", store.file())
    } else {
        format!("there is no registry: {} does not exist", store.file())
    }
}

/// Whether an operand is a path, and no name: it holds a slash or ends in `.tar`.
pub fn is_path(operand: &str) -> bool {
    operand.contains('/') || operand.ends_with(".tar")
}
