//! The files of an image, as a container would see them, without an engine.
//!
//! Layers are tars on top of each other (OCI image specification, layer.md). A later entry replaces an earlier one with
//! the same name. `.wh.x` removes `x` of the lower layers. `.wh..wh..opq` removes all files of lower layers in its
//! folder. A hard link shares the bytes of a file in its own layer or a lower one. Symbolic links are resolved inside
//! the image: `..` does not lead above its root.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use naming::Digest;

use crate::attributes::{Attributes, FileKind};
use crate::compose::copy;
use crate::error::{Blame, Error, shown};
use crate::layer_file::Keep;
use crate::layers::LayerReader;
use crate::overlay::{Item, MAX_KEPT, MAX_NAMES, Overlay};
use crate::stack::Stack;
use crate::tree::{Node, NotFound, Tree};

/// The largest number of files in an image. The largest images have some hundred thousand; a million paths take some
/// hundred megabytes.
const MAX_FILES: usize = 1_000_000;

/// The merged files of an image's layers.
#[derive(Debug)]
pub struct RootFs {
    pub(crate) stack: Stack,
    pub(crate) tree: Tree,
    /// The bytes of some files of compressed layers, by layer and offset.
    kept: BTreeMap<(usize, u64), Vec<u8>>,
}

/// A file of an image.
#[derive(Debug, Clone, Copy)]
pub struct ImageFile<'a> {
    /// Its path from the image's root, without a leading slash; empty for the root itself. In the form of
    /// [`name_text`](crate::name_text).
    pub path: &'a str,
    /// Its kind.
    pub kind: &'a FileKind,
    /// Its permissions, owner and time.
    pub attributes: &'a Attributes,
    /// Its layer, 0 for the lowest.
    pub layer: usize,
}

impl<'a> From<(&'a str, &'a Node)> for ImageFile<'a> {
    fn from((path, node): (&'a str, &'a Node)) -> Self {
        Self {
            path,
            kind: &node.inode.kind,
            attributes: &node.inode.attributes,
            layer: node.layer,
        }
    }
}

impl RootFs {
    /// Lists the files of every layer. Reads only the headers of uncompressed layers.
    pub fn open(stack: Stack) -> Result<Self, Error> {
        Self::keeping(stack, &|_| false)
    }

    /// Like [`RootFs::open`], and keeps the files of compressed layers that `keep` accepts in memory. Otherwise a later
    /// read would decompress all earlier bytes.
    pub fn keeping(stack: Stack, keep: Keep) -> Result<Self, Error> {
        Self::with(stack, keep, &mut BTreeMap::new())
    }

    /// Like [`RootFs::keeping`], with known files for some layers.
    pub(crate) fn with(
        stack: Stack,
        keep: Keep,
        known: &mut BTreeMap<Digest, Overlay>,
    ) -> Result<Self, Error> {
        let diff_ids = stack.diff_ids().to_vec();
        let mut overlays: Vec<Option<Overlay>> = diff_ids
            .iter()
            .map(|diff_id| known.remove(diff_id))
            .collect();
        let unknown: Vec<bool> = overlays.iter().map(Option::is_none).collect();
        let mut names = 0;
        stack.read_each(
            |layer| unknown[layer],
            |layer, tar, blame| {
                let keep: Keep = if stack.is_plain(layer) {
                    &|_| false
                } else {
                    keep
                };
                let overlay = Overlay::scan(tar, keep)
                    .map_err(|error| blame.tar_in(&format!("layer {}: ", layer + 1), error))?;
                names += overlay.names;
                overlays[layer] = Some(overlay);
                check_size(0, names, blame)
            },
        )?;
        let mut files = Self {
            stack,
            tree: Tree::default(),
            kept: BTreeMap::new(),
        };
        for (layer, overlay) in overlays.into_iter().enumerate() {
            files.lay(layer, overlay.unwrap_or_default())?;
        }
        Ok(files)
    }

    /// The bytes of a regular file, through symbolic links; `None` if there is none. A file longer than `limit` bytes
    /// is an error.
    pub fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, Error> {
        if let Some((_, _, size)) = self.file(path)
            && size > limit
        {
            let path = shown(path);
            return Err(self.stack.archive().source.blame.damaged(format!(
                "its file `{path}` has {size} bytes (limit: {limit})"
            )));
        }
        let mut bytes = Vec::new();
        let found = self.read_to(path, &mut bytes)?;
        Ok(found.map(|_| bytes))
    }

    /// Copies the bytes of a regular file to `out`, and returns their number; `None` if there is no such file. In a
    /// compressed archive or layer, each call decompresses all bytes before the file.
    pub fn read_to(&self, path: &str, out: &mut impl Write) -> Result<Option<u64>, Error> {
        let Some((layer, offset, size)) = self.file(path) else {
            return Ok(None);
        };
        let (archive, image, index) = self.stack.get(layer)?;
        let blame = &archive.source.blame;
        if let Some(bytes) = self.kept.get(&(layer, offset)) {
            return copy(&mut bytes.as_slice(), out, blame).map(Some);
        }
        let copied = LayerReader::new(&archive.source).read(image, index, |tar| {
            tar.pass(offset).map_err(|error| blame.read(error))?;
            copy(&mut tar.take(size), out, blame)
        })?;
        if copied < size {
            let path = shown(path);
            return Err(blame.truncated(format!("it ends inside the file `{path}`")));
        }
        Ok(Some(copied))
    }

    /// Whether a path exists, through symbolic links.
    pub fn exists(&self, path: &str) -> bool {
        self.tree.resolve(path).is_ok()
    }

    /// The names in a folder, through symbolic links, sorted; none if there is no such folder.
    pub fn list(&self, folder: &str) -> Vec<&str> {
        let folder = self.tree.resolve(folder);
        folder.map_or_else(|_| Vec::new(), |folder| self.tree.list(&folder))
    }

    /// The file at a path, through symbolic links.
    pub fn find(&self, path: &str) -> Result<ImageFile<'_>, NotFound> {
        self.at(&self.tree.resolve(path)?)
    }

    /// Like [`Self::find`], but does not follow a symbolic link at the very end, unless a slash follows it.
    pub fn find_link(&self, path: &str) -> Result<ImageFile<'_>, NotFound> {
        self.at(&self.tree.resolve_above(path)?)
    }

    /// All files below a folder, sorted by path. The folder has the form of [`ImageFile::path`].
    pub fn below(&self, folder: &str) -> impl Iterator<Item = ImageFile<'_>> + use<'_> {
        self.tree.below(folder).map(ImageFile::from)
    }

    fn at(&self, path: &str) -> Result<ImageFile<'_>, NotFound> {
        if path.is_empty() {
            return Ok(ImageFile {
                path: "",
                kind: &FileKind::Directory,
                attributes: &Attributes::IMPLIED,
                layer: 0,
            });
        }
        let found = self.tree.get(path).ok_or(NotFound::Missing)?;
        Ok(found.into())
    }

    /// Layer, offset and size of the regular file at a path.
    fn file(&self, path: &str) -> Option<(usize, u64, u64)> {
        let (_, node) = self.tree.get(&self.tree.resolve(path).ok()?)?;
        match node.inode.kind {
            FileKind::File { size } => Some((node.layer, node.inode.offset, size)),
            _ => None,
        }
    }

    /// Adds the files of a layer on top of the lower layers.
    fn lay(&mut self, layer: usize, overlay: Overlay) -> Result<(), Error> {
        // Hard links point to the files before any removal.
        let nodes = overlay.added.into_iter();
        let nodes: Vec<_> = nodes
            .map(|(path, item)| (path, self.node(layer, item)))
            .collect();
        for (path, only_inside) in overlay.removed {
            self.tree.remove(&path, only_inside);
        }
        let blame = &self.stack.archive().source.blame;
        for (path, node) in nodes {
            self.tree.add(path, node);
            check_size(self.tree.len(), self.tree.names(), blame)?;
        }
        // Files of upper layers are kept first, because paths lead to them.
        for (offset, bytes) in overlay.kept {
            self.kept.insert((layer, offset), bytes);
        }
        while self.kept.values().map(Vec::len).sum::<usize>() as u64 > MAX_KEPT {
            self.kept.pop_first();
        }
        Ok(())
    }

    fn node(&self, layer: usize, item: Item) -> Node {
        match item {
            Item::Own(inode) => Node { inode, layer },
            Item::HardLink(target) => match self.tree.get(&target) {
                Some((_, node)) => node.clone(),
                None => Node::dangling(layer),
            },
        }
    }
}

/// Refuses more files than the memory limit allows.
fn check_size(files: usize, names: usize, blame: &Blame) -> Result<(), Error> {
    if files > MAX_FILES || names > MAX_NAMES {
        return Err(blame.damaged("its image has too many files"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
