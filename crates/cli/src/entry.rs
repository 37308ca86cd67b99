//! Which entry an operand means.

use registry::{Entry, Registry, Store};

use crate::{Failure, absolute};

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

/// Whether an operand is a path, and no name: it holds a slash or ends in `.tar`.
pub fn is_path(operand: &str) -> bool {
    operand.contains('/') || operand.ends_with(".tar")
}
