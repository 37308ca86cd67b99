//! An image's files, as a container would see them, without an engine.
//!
//! Layers are tars laid over each other (OCI image specification, layer.md): a later entry replaces an
//! earlier one of the same name; `.wh.x` removes `x` of the layers below; `.wh..wh..opq` removes all that
//! lower layers have in its folder. A hard link shares the bytes of a file of its own layer or a lower one.
//! Symbolic links are resolved inside the image: `..` does not lead above its root.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Read, Write};

use naming::Digest;

use crate::compose::copy;
use crate::decode::{Compression, skip};
use crate::error::Error;
use crate::layer_file::Keep;
use crate::member::Pass;
use crate::overlay::{Item, MAX_NAMES, Overlay};
use crate::source::{CHUNK, Piped, Slice};
use crate::stack::{Place, Stack};
use crate::tree::{Node, Tree};

/// How many files an image may have to be looked into. The largest have some hundred thousand; a
/// million paths take some hundred megabytes.
const MAX_FILES: usize = 1_000_000;

/// The merged files of an image's layers.
#[derive(Debug)]
pub struct RootFs {
    stack: Stack,
    tree: Tree,
    /// The bytes of some files of compressed layers, by layer and place.
    kept: BTreeMap<(usize, u64), Vec<u8>>,
    /// The bytes of all paths so far.
    names: usize,
}

impl RootFs {
    /// Lists the files of every layer. Of plain layers only the headers are read.
    pub fn open(stack: Stack) -> Result<Self, Error> {
        Self::keeping(stack, &|_| false)
    }

    /// As [`RootFs::open`]; of a compressed layer, the files that `keep` wants are kept in memory: reading
    /// one later would mean decompressing all that stands before it.
    pub fn keeping(stack: Stack, keep: Keep) -> Result<Self, Error> {
        Self::with(stack, keep, &mut BTreeMap::new())
    }

    /// As [`RootFs::keeping`], with layers whose files are known already.
    pub(crate) fn with(
        stack: Stack,
        keep: Keep,
        known: &mut BTreeMap<Digest, Overlay>,
    ) -> Result<Self, Error> {
        let mut files = Self {
            stack,
            tree: Tree::default(),
            kept: BTreeMap::new(),
            names: 0,
        };
        for (layer, diff_id) in files.stack.diff_ids().to_vec().iter().enumerate() {
            let overlay = match known.remove(diff_id) {
                Some(overlay) => overlay,
                None => files.scan(layer, keep)?,
            };
            files.lay(layer, overlay)?;
        }
        Ok(files)
    }

    /// The bytes of a regular file, through symbolic links; `None` where there is none. A file longer
    /// than `limit` bytes is an error.
    pub fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, Error> {
        if let Some((_, _, size)) = self.file(path)
            && size > limit
        {
            let path = path.escape_debug();
            return Err(self.stack.archive().source.blame.damaged(format!(
                "its file `{path}` has {size} bytes, more than the {limit} that make sense"
            )));
        }
        let mut bytes = Vec::new();
        let found = self.read_to(path, &mut bytes)?;
        Ok(found.map(|_| bytes))
    }

    /// Copies the bytes of a regular file to `out`, and returns how many there were; `None` where
    /// there is no such file. Of a compressed archive or layer all that stands before the file is
    /// decompressed each time.
    pub fn read_to(&self, path: &str, out: &mut impl Write) -> Result<Option<u64>, Error> {
        let Some((layer, offset, size)) = self.file(path) else {
            return Ok(None);
        };
        let (archive, ..) = self.stack.get(layer)?;
        let blame = &archive.source.blame;
        if let Some(bytes) = self.kept.get(&(layer, offset)) {
            return copy(&mut bytes.as_slice(), out, blame).map(Some);
        }
        let mut stream = stream(self.stack.get(layer)?)?;
        stream.pass(offset).map_err(|error| blame.read(error))?;
        let copied = copy(&mut stream.take(size), out, blame)?;
        if copied < size {
            let path = path.escape_debug();
            return Err(blame.truncated(format!("it ends inside the file `{path}`")));
        }
        Ok(Some(copied))
    }

    /// Whether there is anything at a path, through symbolic links.
    pub fn exists(&self, path: &str) -> bool {
        self.tree.resolve(path).is_some()
    }

    /// The names in a folder, through symbolic links, sorted; none where there is no such folder.
    pub fn list(&self, folder: &str) -> Vec<&str> {
        let folder = self.tree.resolve(folder);
        folder.map_or_else(Vec::new, |folder| self.tree.list(&folder))
    }

    /// Layer, offset and size of the regular file that a path leads to.
    fn file(&self, path: &str) -> Option<(usize, u64, u64)> {
        match self.tree.get(&self.tree.resolve(path)?)? {
            Node::File {
                layer,
                offset,
                size,
            } => Some((*layer, *offset, *size)),
            _ => None,
        }
    }

    /// Lists the files of a layer.
    fn scan(&self, layer: usize, keep: Keep) -> Result<Overlay, Error> {
        let place = self.stack.get(layer)?;
        let (archive, image, index) = place;
        let plain = image.layers[index].compression == Compression::None
            && archive.source.compression == Compression::None;
        let keep: Keep = if plain { &|_| false } else { keep };
        Overlay::scan(stream(place)?, keep).map_err(|error| {
            let blame = &archive.source.blame;
            blame.tar_in(&format!("layer {}: ", layer + 1), error)
        })
    }

    /// Lays the files of a layer over those of the layers below.
    fn lay(&mut self, layer: usize, overlay: Overlay) -> Result<(), Error> {
        self.names += overlay.names;
        if self.tree.len() + overlay.added.len() > MAX_FILES || self.names > MAX_NAMES {
            let blame = &self.stack.archive().source.blame;
            return Err(blame.damaged("its image has more files than any"));
        }
        let nodes: Vec<_> = overlay
            .added
            .into_iter()
            .map(|(path, item)| (path, self.node(layer, item)))
            .collect();
        for (path, only_inside) in overlay.removed {
            self.tree.remove(&path, only_inside);
        }
        for (path, node) in nodes {
            self.tree.add(path, node);
        }
        let kept = overlay.kept.into_iter();
        self.kept
            .extend(kept.map(|(offset, bytes)| ((layer, offset), bytes)));
        Ok(())
    }

    fn node(&self, layer: usize, item: Item) -> Node {
        match item {
            Item::Directory => Node::Directory,
            Item::SymLink(target) => Node::SymLink(target),
            Item::File { offset, size } => Node::File {
                layer,
                offset,
                size,
            },
            Item::HardLink(target) => self.tree.get(&target).cloned().unwrap_or(Node::Other),
            Item::Other => Node::Other,
        }
    }
}

/// A layer's tar from its start.
fn stream((archive, image, index): Place<'_>) -> Result<Box<dyn Pass + '_>, Error> {
    let source = &archive.source;
    let layer = &image.layers[index];
    if source.compression == Compression::None && layer.compression == Compression::None {
        return Ok(Box::new(Slice::new(
            &source.file,
            layer.offset,
            layer.stored_size,
        )));
    }
    let stored: Box<dyn Read + '_> = if source.compression == Compression::None {
        Box::new(Slice::new(&source.file, layer.offset, layer.stored_size))
    } else {
        let mut whole = source.stream()?;
        skip(&mut whole, layer.offset).map_err(|error| source.blame.read(error))?;
        Box::new(whole.take(layer.stored_size))
    };
    let decoded = layer
        .compression
        .decode(BufReader::with_capacity(CHUNK, stored));
    Ok(Box::new(Piped(
        decoded.map_err(|error| source.blame.read(error))?,
    )))
}

impl Pass for Box<dyn Pass + '_> {
    fn pass(&mut self, bytes: u64) -> io::Result<u64> {
        (**self).pass(bytes)
    }
}

#[cfg(test)]
mod tests;
