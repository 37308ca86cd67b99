//! Thin archives: from an image to all archives that hold its layers.
//!
//! A thin archive leaves out the layers of the image that it was built on, and names that image. The
//! registry says where the image is; it may be thin itself. What counts are the layers: a base that was
//! replaced serves as long as it holds the very layers that are left out.
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
//! let dependents = thin::dependents(&registry, "base");
//! assert_eq!(dependents[0].name, "gcc");
//! # Ok::<(), registry::Error>(())
//! ```

use std::sync::Arc;

use archive::{Archive, Base, Image, Stack, ThinBase};
use camino::Utf8PathBuf;
use registry::{Entry, Registry, Store};
use thiserror::Error;

/// How many thin archives may stand on each other. Images have at most 127 layers.
const MAX_DEPTH: usize = 128;

/// Why the layers that an archive leaves out can't be had.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The base is not registered.
    #[error("{path}: leaves layers to its base `{base}`, which is not registered")]
    NotRegistered {
        /// The thin archive.
        path: Utf8PathBuf,
        /// The base's name.
        base: String,
    },
    /// The bases name each other.
    #[error("{path}: its bases stand on each other")]
    Circle {
        /// The thin archive.
        path: Utf8PathBuf,
    },
    /// The base's `file:` leads out of the store.
    #[error(transparent)]
    Registry(#[from] registry::Error),
    /// An archive can't be read, or a base no longer holds what is left to it.
    #[error(transparent)]
    Archive(#[from] archive::Error),
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotRegistered { base, .. } => Some(format!(
                "register `{base}` again, or make the image again with imgbuild --rebuild"
            )),
            Self::Circle { .. } => Some("correct `base:` in the registry".to_owned()),
            Self::Registry(error) => error.hint(),
            Self::Archive(error) => error.hint().map(str::to_owned),
        }
    }
}

/// Puts below an image the images that hold the layers that it leaves out, to any depth. An image that
/// leaves out nothing comes back as it is.
pub fn complete(store: &Store, registry: &Registry, stack: Stack) -> Result<Stack, Error> {
    let complete = below(store, registry, stack, MAX_DEPTH)?;
    match complete.lacks() {
        Some(layer) => Err(complete.left_out(layer).into()),
        None => Ok(complete),
    }
}

fn below(store: &Store, registry: &Registry, stack: Stack, depth: usize) -> Result<Stack, Error> {
    let Some(base) = &stack.image().base else {
        return Ok(stack);
    };
    let path = || stack.archive().path().to_owned();
    let depth = depth
        .checked_sub(1)
        .ok_or_else(|| Error::Circle { path: path() })?;
    let entry = registry
        .get(&base.name)
        .ok_or_else(|| Error::NotRegistered {
            path: path(),
            base: base.name.clone(),
        })?;
    let held = open(store, entry, Some(base))?;
    let held = below(store, registry, held, depth)?;
    Ok(stack.on(held))
}

/// The image of an entry: in an archive of several the one that is meant, else the first.
fn open(store: &Store, entry: &Entry, meant: Option<&Base>) -> Result<Stack, Error> {
    let path = store.path(&entry.file)?;
    let archive = Archive::open(&path.absolute())?;
    let wanted = meant.map(|base| base.image_id).or(entry.image_id);
    let images = archive.images().iter();
    let index = images
        .map(|image: &Image| Some(image.image_id))
        .position(|id| id == wanted)
        .unwrap_or_default();
    let archive = Arc::new(archive);
    // An opened archive has an image: this is never the second.
    Stack::new(archive.clone(), index)
        .or_else(|| Stack::new(archive.clone(), 0))
        .ok_or_else(|| Error::NotRegistered {
            path: archive.path().to_owned(),
            base: entry.name.clone(),
        })
}

/// A registered image as the base that a thin archive is to have.
pub fn base(store: &Store, entry: &Entry) -> Result<ThinBase, Error> {
    let stack = open(store, entry, None)?;
    Ok(ThinBase {
        base: Base {
            name: entry.name.clone(),
            image_id: stack.image().image_id,
        },
        diff_ids: stack.diff_ids().to_vec(),
    })
}

/// The images on which this one is registered to stand, the nearest first, as far as their archives are
/// there.
pub fn ancestors(store: &Store, registry: &Registry, entry: &Entry) -> Vec<Stack> {
    let mut found = Vec::new();
    let mut next = entry.base.as_deref();
    while let Some(entry) = next.and_then(|name| registry.get(name)) {
        if found.len() == MAX_DEPTH {
            break;
        }
        match open(store, entry, None) {
            Ok(stack) => found.push(stack),
            Err(_) => break,
        }
        next = entry.base.as_deref();
    }
    found
}

/// The entries whose thin archives leave layers to this one.
pub fn dependents<'a>(registry: &'a Registry, name: &str) -> Vec<&'a Entry> {
    let entries = registry.entries().iter();
    entries
        .filter(|entry| entry.thin && entry.base.as_deref() == Some(name))
        .collect()
}
