//! The layers that thin archives lose if another image replaces one of their bases.

use std::collections::HashSet;

use archive::{Archive, Image, Layer, Stack};
use naming::Digest;
use registry::{Entry, Registry, Store, StorePath};

use crate::Error;
use crate::archives::{Archives, Replacement, open};

/// The images that lose layers by a replacement.
#[derive(Debug, Default)]
pub struct Losses {
    /// The images that can be read before the replacement, but not after it. A base comes before its thin archives.
    pub entries: Vec<Entry>,
    /// The images whose archives are Git LFS pointers, so the layers that they need are unknown.
    pub pointers: Vec<String>,
}

/// The registered images that lose layers if `new` replaces the archive of `name` at `path`.
///
/// The archives decide, not `thin:` and `base:`, which a person or another program may have dropped. They are opened only
/// if the new archive and its bases hold less than the old ones. A file at `path` counts even if no entry names it.
pub fn losses(
    store: &Store,
    registry: &Registry,
    name: &str,
    path: &StorePath,
    new: &Stack,
) -> Result<Losses, Error> {
    let absolute = path.absolute();
    let beside = match registry.get(name) {
        Some(_) => None,
        None => unregistered(path),
    };
    let now = Archives::now(store, registry, beside.as_ref());
    let replaced = Replacement {
        name,
        path: &absolute,
        new,
    };
    let then = Archives::after(store, registry, replaced);
    let new = then.complete(new.clone())?;
    let mut losses = Losses::default();
    let registered = registry.get(name);
    let old = registered.and_then(|entry| open(store, entry, None).ok());
    // A missing or damaged archive has no layers to lose.
    let Some(old) = old.or_else(|| beside.clone()) else {
        return Ok(losses);
    };
    let old = now.complete(old.clone()).unwrap_or(old);
    let kept: HashSet<Digest> = new.upward().flat_map(|(_, image)| held(image)).collect();
    let others = old.archive().images().iter();
    let before = others.chain(old.upward().map(|(_, image)| image));
    let gone = before.flat_map(held).filter(|layer| !kept.contains(layer));
    let gone: HashSet<Digest> = gone.collect();
    if gone.is_empty() {
        return Ok(losses);
    }
    let needs_gone = |layer: &Layer| layer.left_out && gone.contains(&layer.diff_id);
    let mut losing = Vec::new();
    for entry in registry.entries().iter().filter(|it| it.name != name) {
        let stack = match open(store, entry, None) {
            Ok(stack) => stack,
            Err(Error::Archive(error)) if error.is_lfs_pointer() => {
                if entry.thin && stands_on(registry, entry, name) {
                    losses.pointers.push(entry.name.clone());
                }
                continue;
            }
            Err(_) => continue,
        };
        if stack.image().layers.iter().any(needs_gone)
            && let Ok(before) = now.complete(stack.clone())
            && then.complete(stack).is_err()
        {
            losing.push((before.upward().count(), entry.clone()));
        }
    }
    losing.sort_by_key(|(archives, _)| *archives);
    losses.entries = losing.into_iter().map(|(_, entry)| entry).collect();
    Ok(losses)
}

/// The image of the archive at a path. The archive may be unregistered.
pub(crate) fn unregistered(path: &StorePath) -> Option<Stack> {
    Stack::of(Archive::open(&path.absolute()).ok()?)
}

/// The layers that an image's own archive holds.
fn held(image: &Image) -> impl Iterator<Item = Digest> {
    let layers = image.layers.iter().filter(|layer| !layer.left_out);
    layers.map(|layer| layer.diff_id)
}

/// Whether an entry's base chain leads to `name`.
fn stands_on(registry: &Registry, entry: &Entry, name: &str) -> bool {
    let mut chain = Vec::new();
    let mut next = entry.base.as_deref();
    while let Some(base) = next.filter(|base| !chain.contains(base)) {
        if base == name {
            return true;
        }
        chain.push(base);
        next = registry.get(base).and_then(|entry| entry.base.as_deref());
    }
    false
}
