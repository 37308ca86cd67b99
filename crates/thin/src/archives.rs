//! The archives of a store, as they are or as they are going to be.

use std::sync::Arc;

use archive::{Archive, Base, Image, Stack};
use registry::{Entry, Registry, Store};

use crate::Error;

/// How many thin archives may stand on each other. Images have at most 127 layers.
pub(crate) const MAX_DEPTH: usize = 128;

/// The registered archives of a store.
#[derive(Clone, Copy)]
pub(crate) struct Archives<'a> {
    pub store: &'a Store,
    pub registry: &'a Registry,
    /// An image that takes the place of the archive of this name.
    pub replaced: Option<(&'a str, &'a Stack)>,
}

impl Archives<'_> {
    /// Puts below an image the images that hold the layers that it leaves out, to any depth.
    pub fn complete(&self, stack: Stack) -> Result<Stack, Error> {
        let complete = self.below(stack, &mut Vec::new())?;
        match complete.lacks() {
            Some(layer) => Err(complete.left_out(layer).into()),
            None => Ok(complete),
        }
    }

    /// `chain` has the bases that were followed so far.
    fn below(&self, stack: Stack, chain: &mut Vec<String>) -> Result<Stack, Error> {
        let Some(base) = &stack.image().base else {
            return Ok(stack);
        };
        let known = chain.iter().position(|name| *name == base.name);
        chain.push(base.name.clone());
        if let Some(start) = known {
            let chain = chain.split_off(start);
            return Err(Error::Cycle { chain });
        }
        let path = || stack.archive().path().to_owned();
        if chain.len() > MAX_DEPTH {
            let (path, limit) = (path(), MAX_DEPTH);
            return Err(Error::TooDeep { path, limit });
        }
        let held = match self.replaced {
            Some((name, new)) if name == base.name => new.clone(),
            _ => {
                let entry = self.registry.get(&base.name);
                let entry = entry.ok_or_else(|| Error::NotRegistered {
                    path: path(),
                    base: base.name.clone(),
                })?;
                open(self.store, entry, Some(base))?
            }
        };
        let held = self.below(held, chain)?;
        Ok(stack.on(held))
    }
}

/// The image of an entry: in an archive of several the one that is meant, else the first.
pub(crate) fn open(store: &Store, entry: &Entry, meant: Option<&Base>) -> Result<Stack, Error> {
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
