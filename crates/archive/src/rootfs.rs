//! An image's files, as a container would see them, without an engine.
//!
//! Layers are tars laid over each other (OCI image specification, layer.md): a later entry replaces an
//! earlier one of the same name; `.wh.x` removes `x` of the layers below; `.wh..wh..opq` removes all that
//! lower layers have in its folder. A hard link shares the bytes of a file of its own layer or a lower one.
//! Symbolic links are resolved inside the image: `..` does not lead above its root.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Read, Write};

use crate::archive::{Archive, Image};
use crate::compose::copy;
use crate::decode::{Compression, skip};
use crate::error::Error;
use crate::header_fields::clean;
use crate::headers::Headers;
use crate::member::{Kind, Pass};
use crate::source::{CHUNK, Piped, Slice};
use crate::tree::{Node, Tree};

/// How many files an image may have to be looked into. The largest have some hundred thousand; a
/// million paths take some hundred megabytes.
const MAX_FILES: usize = 1_000_000;
/// How many bytes the paths of an image may have altogether, because they are held in memory.
const MAX_NAMES: usize = 256 << 20;

const WHITEOUT: &str = ".wh.";
const OPAQUE: &str = ".wh..wh..opq";

/// The merged files of an image's layers.
#[derive(Debug)]
pub struct RootFs<'a> {
    archive: &'a Archive,
    image: &'a Image,
    tree: Tree,
    /// The bytes of all paths so far.
    names: usize,
}

impl<'a> RootFs<'a> {
    /// Lists the files of every layer. Of plain layers only the headers are read.
    pub fn open(archive: &'a Archive, image: &'a Image) -> Result<Self, Error> {
        let mut files = Self {
            archive,
            image,
            tree: Tree::default(),
            names: 0,
        };
        for layer in 0..image.layers.len() {
            files.add_layer(layer)?;
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
            return Err(self.archive.source.blame.damaged(format!(
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
        let blame = &self.archive.source.blame;
        let mut stream = stream(self.archive, self.image, layer)?;
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

    fn add_layer(&mut self, layer: usize) -> Result<(), Error> {
        let source = &self.archive.source;
        let mut headers = Headers::new(stream(self.archive, self.image, layer)?);
        let mut added: BTreeMap<String, Node> = BTreeMap::new();
        let mut removed = Vec::new();
        while let Some(member) = headers.next_member().map_err(|error| {
            source
                .blame
                .tar_in(&format!("layer {}: ", layer + 1), error)
        })? {
            // Engines refuse such a path too, or keep it inside the image's root.
            if member.name.split('/').any(|part| part == "..") {
                continue;
            }
            self.names += member.name.len();
            let (folder, name) = member.name.rsplit_once('/').unwrap_or(("", &member.name));
            if name == OPAQUE {
                removed.push((folder.to_owned(), true));
                continue;
            }
            if let Some(name) = name.strip_prefix(WHITEOUT) {
                // Nothing else has no name, or a dot for one: neither is a file of a layer below.
                if !matches!(name, "" | "." | "..") {
                    removed.push((join(folder, name), false));
                }
                continue;
            }
            let node = match member.kind {
                Kind::Directory => Node::Directory,
                Kind::SymLink(target) => {
                    self.names += target.len();
                    Node::SymLink(target)
                }
                Kind::File => Node::File {
                    layer,
                    offset: member.offset,
                    size: member.size,
                },
                Kind::HardLink(target) => {
                    let target = clean(&target);
                    added
                        .get(&target)
                        .or_else(|| self.tree.get(&target))
                        .cloned()
                        .unwrap_or(Node::Other)
                }
                Kind::Other => Node::Other,
            };
            added.insert(member.name, node);
            if self.tree.len() + added.len() > MAX_FILES || self.names > MAX_NAMES {
                return Err(source.blame.damaged("its image has more files than any"));
            }
        }
        for (path, only_inside) in removed {
            self.tree.remove(&path, only_inside);
        }
        for (path, node) in added {
            self.tree.add(path, node);
        }
        Ok(())
    }
}

/// A layer's tar from its start.
fn stream<'a>(
    archive: &'a Archive,
    image: &Image,
    layer: usize,
) -> Result<Box<dyn Pass + 'a>, Error> {
    let source = &archive.source;
    let layer = &image.layers[layer];
    if source.compression == Compression::None && layer.compression == Compression::None {
        return Ok(Box::new(Slice::new(
            &source.file,
            layer.offset,
            layer.stored_size,
        )));
    }
    let stored: Box<dyn Read + 'a> = if source.compression == Compression::None {
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

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}

#[cfg(test)]
mod tests;
