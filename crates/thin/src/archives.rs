//! The archives of a store, now or after a replacement.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::Arc;

use archive::{Archive, Base, Image, Stack};
use camino::Utf8Path;
use naming::Digest;
use registry::{Entry, Registry, Store};

use crate::Error;

/// The maximum depth of thin archives. Images have at most 127 layers.
pub(crate) const MAX_DEPTH: usize = 128;

/// An image that replaces an archive.
#[derive(Clone, Copy)]
pub(crate) struct Replacement<'a> {
    pub name: &'a str,
    /// The absolute path of the replaced archive.
    pub path: &'a Utf8Path,
    pub new: &'a Stack,
}

/// The registered archives of a store.
pub(crate) struct Archives<'a> {
    store: &'a Store,
    registry: &'a Registry,
    replaced: Option<Replacement<'a>>,
    /// An additional archive that no entry names.
    beside: Option<&'a Stack>,
    /// For each layer, an image whose own archive holds it. Read only if a base chain lacks layers.
    holders: OnceCell<HashMap<Digest, Holder>>,
}

/// An image that holds a layer, and the entry's name if it is registered.
type Holder = (Option<String>, Stack);

impl<'a> Archives<'a> {
    pub fn now(store: &'a Store, registry: &'a Registry, beside: Option<&'a Stack>) -> Self {
        Self {
            store,
            registry,
            replaced: None,
            beside,
            holders: OnceCell::new(),
        }
    }

    pub fn after(store: &'a Store, registry: &'a Registry, replaced: Replacement<'a>) -> Self {
        Self {
            replaced: Some(replaced),
            ..Self::now(store, registry, None)
        }
    }

    /// Adds the images that hold the layers that an image leaves out, to any depth.
    pub fn complete(&self, stack: Stack) -> Result<Stack, Error> {
        Ok(self.complete_by_name(stack)?.0)
    }

    /// The same, with the names of the entries whose archives the image needs directly.
    ///
    /// The base chain comes first. A base may have another name or another image now: then any archive that holds the
    /// layers serves.
    pub fn complete_by_name(&self, stack: Stack) -> Result<(Stack, Vec<String>), Error> {
        let mut chain = Vec::new();
        let is_thin = stack.image().is_thin();
        let (mut complete, failed) = self.below(stack, &mut chain);
        let on_base: Vec<Digest> = match complete.upward().collect::<Vec<_>>().as_slice() {
            [.., (_, base), _] => base.config.diff_ids.clone(),
            _ => Vec::new(),
        };
        let is_on_base = is_thin && !on_base.is_empty();
        chain.truncate(usize::from(is_on_base));
        let mut names = chain;
        while let Some(layer) = complete.lacks() {
            let layer_id = complete.diff_ids()[layer];
            let Some((name, holder)) = self.holders().get(&layer_id) else {
                return Err(failed.unwrap_or_else(|| complete.left_out(layer).into()));
            };
            complete = complete.on(holder.clone());
            // If the base leaves out the layer too, finding it is up to the base.
            let is_own = |name: &&String| !on_base.contains(&layer_id) && !names.contains(*name);
            let name = name.as_ref().filter(is_own).cloned();
            names.extend(name);
        }
        Ok((complete, names))
    }

    /// The entry of a base, by its name or else by its image, since a person may have renamed it.
    pub fn base_entry(&self, base: &Base) -> Option<&'a Entry> {
        let registry = self.registry;
        let is_of = |entry: &&Entry| entry.image_id == Some(base.image_id);
        let renamed = || registry.entries().iter().find(is_of);
        registry.get(&base.name).or_else(renamed)
    }

    /// Adds the base chain of an image, as far as its archives exist, and returns the error of the next one. `chain`
    /// has the bases so far.
    fn below(&self, stack: Stack, chain: &mut Vec<String>) -> (Stack, Option<Error>) {
        match self.next(&stack, chain) {
            Ok(Some(held)) => {
                let (held, failed) = self.below(held, chain);
                (stack.on(held), failed)
            }
            Ok(None) => (stack, None),
            Err(error) => (stack, Some(error)),
        }
    }

    /// The base of an image, without bases of its own.
    fn next(&self, stack: &Stack, chain: &mut Vec<String>) -> Result<Option<Stack>, Error> {
        let Some(base) = &stack.image().base else {
            return Ok(None);
        };
        let path = || stack.archive().path().to_owned();
        let replaced = self.replaced.filter(|it| it.name == base.name);
        let entry = self.base_entry(base).filter(|_| replaced.is_none());
        let name = entry.map_or(&base.name, |entry| &entry.name);
        let known = chain.iter().position(|known| known == name);
        chain.push(name.clone());
        if let Some(start) = known {
            let chain = chain.split_off(start);
            return Err(Error::Cycle { chain });
        }
        if chain.len() > MAX_DEPTH {
            let (path, limit) = (path(), MAX_DEPTH);
            return Err(Error::TooDeep { path, limit });
        }
        match (replaced, entry) {
            (Some(replaced), _) => Ok(Some(replaced.new.clone())),
            (None, Some(entry)) => match self.new_of(entry)? {
                Some(new) => Ok(Some(new.clone())),
                None => open(self.store, entry, Some(base)).map(Some),
            },
            (None, None) => {
                let (path, base) = (path(), base.name.clone());
                Err(Error::NotRegistered { path, base })
            }
        }
    }

    /// The image that replaces the archive of an entry.
    fn new_of(&self, entry: &Entry) -> Result<Option<&'a Stack>, Error> {
        let Some(replaced) = self.replaced else {
            return Ok(None);
        };
        let is_it = entry.name == replaced.name
            || self.store.path(&entry.file)?.absolute() == replaced.path;
        Ok(is_it.then_some(replaced.new))
    }

    fn holders(&self) -> &HashMap<Digest, Holder> {
        self.holders.get_or_init(|| {
            let mut holders = HashMap::new();
            let mut add = |name: Option<&str>, stack: Stack| {
                for layer in stack.image().layers.iter().filter(|it| !it.left_out) {
                    let holder = || (name.map(str::to_owned), stack.clone());
                    holders.entry(layer.diff_id).or_insert_with(holder);
                }
            };
            for entry in self.registry.entries() {
                for stack in self.stacks(entry) {
                    add(Some(&entry.name), stack);
                }
            }
            if let Some(replaced) = self.replaced {
                add(Some(replaced.name), replaced.new.clone());
            }
            if let Some(beside) = self.beside {
                add(None, beside.clone());
            }
            holders
        })
    }

    /// All images in the archive of an entry; none if it cannot be read.
    fn stacks(&self, entry: &Entry) -> Vec<Stack> {
        match self.new_of(entry) {
            Ok(Some(new)) => return vec![new.clone()],
            Ok(None) => {}
            Err(_) => return Vec::new(),
        }
        let path = self.store.path(&entry.file).ok();
        let archive = path.and_then(|path| Archive::open(&path.absolute()).ok());
        archive.map_or_else(Vec::new, stacks)
    }
}

pub(crate) fn stacks(archive: Archive) -> Vec<Stack> {
    let archive = Arc::new(archive);
    let images = 0..archive.images().len();
    images
        .filter_map(|index| Stack::new(archive.clone(), index))
        .collect()
}

/// The image of an entry. If the archive has several, it is the one in `meant`, else the first.
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
    // An opened archive has at least one image, so the alternative is never taken.
    Stack::new(archive.clone(), index)
        .or_else(|| Stack::new(archive.clone(), 0))
        .ok_or_else(|| Error::NotRegistered {
            path: archive.path().to_owned(),
            base: entry.name.clone(),
        })
}
