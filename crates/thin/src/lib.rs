//! Thin archives: finds all archives that hold the layers of an image.
//!
//! A thin archive leaves out the layers of its base image, and names that image. The registry says which archive
//! holds the base, which may be thin itself. The layers decide: a replaced base still serves if it holds the same
//! layers. If the base has another name now, any registered archive with these layers serves.
//!
//! Two rules keep every layer. No image stands on itself ([`check_base`]). An archive is replaced only if no
//! thin archive loses layers ([`losses`]). The writer of an archive checks both under the registry's lock.
//!
//! ```
//! use camino::Utf8Path;
//! use registry::Registry;
//!
//! let text = "\
//! images:
//! - {name: base, file: base.tar, docker_tag: base, os: 'debian:12', architecture: x86_64}
//! - {name: gcc, file: gcc.tar, docker_tag: gcc, os: 'debian:12', architecture: x86_64, base: base, thin: true}
//! ";
//! let registry = Registry::parse(Utf8Path::new("image-registry.yml"), text.to_owned())?;
//! assert!(thin::check_base(&registry, "gcc-asan", "gcc").is_ok());
//! let refused = thin::check_base(&registry, "base", "gcc").expect_err("a cycle");
//! assert_eq!(refused.to_string(), "bases form a cycle: base -> gcc -> base");
//! # Ok::<(), registry::Error>(())
//! ```

mod archives;
mod chain;
mod error;
mod fault;
mod registered;
mod replacing;

use std::sync::Arc;

use archive::{Archive, Stack, ThinBase};
use naming::Digest;
use registry::{Entry, Registry, Store, StorePath};

use archives::{Archives, MAX_DEPTH};

pub use chain::{chain, check_base};
pub use error::Error;
pub use fault::{Fault, fault};
pub use registered::the_registered;
pub use replacing::{Losses, losses};

/// Adds the images that hold the layers that an image leaves out, to any depth. If it leaves out none, it is returned
/// unchanged.
pub fn complete(store: &Store, registry: &Registry, stack: Stack) -> Result<Stack, Error> {
    let opened = stack.clone();
    // Before a base is replaced, its thin archives are made whole. A reader may have opened the thin one before that.
    let complete = Archives::now(store, registry, None).complete(stack);
    complete.or_else(|error| whole_by_now(&opened).ok_or(error))
}

/// [`complete`] before the file at `path` is replaced. That file counts even if no entry names it.
pub fn complete_beside(
    store: &Store,
    registry: &Registry,
    stack: Stack,
    path: &StorePath,
) -> Result<Stack, Error> {
    let beside = replacing::unregistered(path);
    Archives::now(store, registry, beside.as_ref()).complete(stack)
}

/// The same image, if its archive has all layers now.
fn whole_by_now(stack: &Stack) -> Option<Stack> {
    let archive = Archive::open(stack.archive().path()).ok()?;
    let image_id = stack.image().image_id;
    let is_whole = |image: &archive::Image| image.image_id == image_id && !image.is_thin();
    let index = archive.images().iter().position(is_whole)?;
    Stack::new(Arc::new(archive), index)
}

/// The image of an entry in its archive, without its bases. If the archive has several, it is the registered one, else the
/// first.
pub fn open(store: &Store, entry: &Entry) -> Result<Stack, Error> {
    archives::open(store, entry, None)
}

/// A registered image as the base of a thin archive.
pub fn base(store: &Store, entry: &Entry) -> Result<ThinBase, Error> {
    let stack = open(store, entry)?;
    Ok(ThinBase::new(entry.name.clone(), &stack))
}

/// The registered base of an image with these layers. Among the entries that `may` accepts, the one with the most layers
/// wins, then the first listed. Reads the index of each archive.
pub fn base_of(
    store: &Store,
    registry: &Registry,
    diff_ids: &[Digest],
    may: impl Fn(&Entry) -> bool,
) -> Option<ThinBase> {
    let entries = registry.entries().iter().filter(|entry| may(entry));
    let mut found: Vec<_> = entries
        .filter_map(|entry| Some((entry, base(store, entry).ok()?)))
        .filter(|(entry, base)| {
            let layers = base.diff_ids.len();
            let is_registered = entry.image_id.is_none_or(|id| id == base.base.image_id);
            is_registered
                && (1..diff_ids.len()).contains(&layers)
                && diff_ids.starts_with(&base.diff_ids)
        })
        .collect();
    found.sort_by_key(|(_, base)| std::cmp::Reverse(base.diff_ids.len()));
    let is_whole = |entry: &Entry| {
        let stack = open(store, entry);
        stack.is_ok_and(|stack| complete(store, registry, stack).is_ok())
    };
    let mut found = found.into_iter();
    Some(found.find(|(entry, _)| is_whole(entry))?.1)
}

/// The entries whose archives hold the layers that the archive of an entry leaves out, the base first. The archives
/// decide, not the registry. None if it leaves out no layer.
///
/// If an archive of the chain cannot be read, the result is the base that the thin archive names.
pub fn bases(store: &Store, registry: &Registry, entry: &Entry) -> Result<Vec<String>, Error> {
    let stack = open(store, entry)?;
    let image = stack.image();
    let Some(base) = image.base.clone().filter(|_| image.is_thin()) else {
        return Ok(Vec::new());
    };
    let complete = Archives::now(store, registry, None).complete_by_name(stack);
    Ok(complete.map_or_else(|_| vec![base.name], |(_, names)| names))
}

/// The bases of an image according to the registry, the nearest first, as far as their archives exist.
pub fn ancestors(store: &Store, registry: &Registry, entry: &Entry) -> Vec<Stack> {
    let mut found = Vec::new();
    let mut names = vec![entry.name.as_str()];
    let mut next = entry.base.as_deref();
    while let Some(entry) = next.and_then(|name| registry.get(name)) {
        if found.len() == MAX_DEPTH || names.contains(&entry.name.as_str()) {
            break;
        }
        match open(store, entry) {
            Ok(stack) => found.push(stack),
            Err(_) => break,
        }
        names.push(&entry.name);
        next = entry.base.as_deref();
    }
    found
}
