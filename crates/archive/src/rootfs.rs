//! An image's files, as a container would see them, without an engine.
//!
//! Layers are tars laid over each other (OCI image specification, layer.md): a later entry replaces an
//! earlier one of the same name; `.wh.x` removes `x` of the layers below; `.wh..wh..opq` removes all that
//! lower layers have in its folder. A hard link shares the bytes of a file of its own layer or a lower one.
//! Symbolic links are resolved inside the image: `..` does not lead above its root.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Read};
use std::ops::Bound;

use crate::archive::{Archive, Image};
use crate::decode::{Compression, skip};
use crate::error::Error;
use crate::headers::{Headers, Kind, Pass};
use crate::source::{CHUNK, Piped, Slice};

/// How many files an image may have to be looked into. The largest have some hundred thousand; a
/// million paths take some hundred megabytes.
const MAX_FILES: usize = 1_000_000;
/// How many symbolic links in a row a path may go through, as in Linux.
const MAX_SYMLINKS: usize = 40;

const WHITEOUT: &str = ".wh.";
const OPAQUE: &str = ".wh..wh..opq";

/// The merged files of an image's layers.
#[derive(Debug)]
pub struct RootFs<'a> {
    archive: &'a Archive,
    image: &'a Image,
    nodes: BTreeMap<String, Node>,
}

#[derive(Debug, Clone)]
enum Node {
    Directory,
    SymLink(String),
    File {
        layer: usize,
        offset: u64,
        size: u64,
    },
    Other,
}

impl<'a> RootFs<'a> {
    /// Lists the files of every layer. Of plain layers only the headers are read.
    pub fn open(archive: &'a Archive, image: &'a Image) -> Result<Self, Error> {
        let mut files = Self {
            archive,
            image,
            nodes: BTreeMap::new(),
        };
        for layer in 0..image.layers.len() {
            files.add_layer(layer)?;
        }
        Ok(files)
    }

    /// The bytes of a regular file, through symbolic links; `None` where there is none. A file longer
    /// than `limit` bytes is an error.
    pub fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, Error> {
        let Some(Node::File {
            layer,
            offset,
            size,
        }) = self.resolve(path).and_then(|path| self.nodes.get(&path))
        else {
            return Ok(None);
        };
        let blame = &self.archive.source.blame;
        if *size > limit {
            return Err(blame.damaged(format!(
                "its file `{}` has {size} bytes, more than the {limit} that make sense",
                path.escape_debug()
            )));
        }
        let mut bytes = Vec::new();
        let mut stream = stream(self.archive, self.image, *layer)?;
        let passed = stream
            .pass(*offset)
            .and_then(|_| stream.take(*size).read_to_end(&mut bytes));
        match passed {
            Ok(_) if bytes.len() as u64 == *size => Ok(Some(bytes)),
            Ok(_) => {
                Err(blame.truncated(format!("it ends inside the file `{}`", path.escape_debug())))
            }
            Err(error) => Err(blame.read(error)),
        }
    }

    /// Whether there is anything at a path, through symbolic links.
    pub fn exists(&self, path: &str) -> bool {
        self.resolve(path).is_some()
    }

    /// The names in a folder, through symbolic links, sorted; none where there is no such folder.
    pub fn list(&self, folder: &str) -> Vec<&str> {
        let Some(folder) = self.resolve(folder) else {
            return Vec::new();
        };
        let prefix = if folder.is_empty() {
            folder
        } else {
            folder + "/"
        };
        let below = self
            .nodes
            .range::<str, _>((Bound::Excluded(prefix.as_str()), Bound::Unbounded));
        let names = below.map_while(|(path, _)| path.strip_prefix(&prefix));
        names.filter(|name| !name.contains('/')).collect()
    }

    fn add_layer(&mut self, layer: usize) -> Result<(), Error> {
        let source = &self.archive.source;
        let mut headers = Headers::new(stream(self.archive, self.image, layer)?);
        let mut added: BTreeMap<String, Node> = BTreeMap::new();
        let mut removed = Vec::new();
        while let Some(member) = headers
            .next_member()
            .map_err(|error| source.layer_error(layer, error))?
        {
            if member.name.split('/').any(|part| part == "..") {
                continue;
            }
            let (folder, name) = member.name.rsplit_once('/').unwrap_or(("", &member.name));
            if name == OPAQUE {
                removed.push((folder.to_owned(), true));
                continue;
            }
            if let Some(name) = name.strip_prefix(WHITEOUT) {
                removed.push((join(folder, name), false));
                continue;
            }
            let node = match member.kind {
                Kind::Directory => Node::Directory,
                Kind::SymLink(target) => Node::SymLink(target),
                Kind::File => Node::File {
                    layer,
                    offset: member.offset,
                    size: member.size,
                },
                Kind::HardLink(target) => {
                    let target = crate::headers::clean(&target);
                    added
                        .get(&target)
                        .or_else(|| self.nodes.get(&target))
                        .cloned()
                        .unwrap_or(Node::Other)
                }
                Kind::Other => Node::Other,
            };
            added.insert(member.name, node);
            if self.nodes.len() + added.len() > MAX_FILES {
                return Err(source
                    .blame
                    .damaged("its image has more than a million files"));
            }
        }
        for (path, only_inside) in removed {
            self.remove(&path, only_inside);
        }
        for (path, node) in added {
            self.add(path, node);
        }
        Ok(())
    }

    fn add(&mut self, path: String, node: Node) {
        // A folder over a folder leaves what is in it; anything else takes all of it away.
        let both_folders = matches!(
            (&node, self.nodes.get(&path)),
            (Node::Directory, Some(Node::Directory))
        );
        if !both_folders && self.nodes.contains_key(&path) {
            self.remove(&path, matches!(node, Node::Directory));
        }
        if !path.is_empty() {
            self.nodes.insert(path, node);
        }
    }

    /// Takes away a path and all below it, or only what is below it.
    fn remove(&mut self, path: &str, only_inside: bool) {
        if !only_inside {
            self.nodes.remove(path);
        }
        let prefix = if path.is_empty() {
            String::new()
        } else {
            format!("{path}/")
        };
        let below = self
            .nodes
            .range::<str, _>((Bound::Included(prefix.as_str()), Bound::Unbounded));
        let below: Vec<String> = below
            .map_while(|(path, _)| path.starts_with(&prefix).then(|| path.clone()))
            .collect();
        for path in below {
            self.nodes.remove(&path);
        }
    }

    /// The path itself, after every symbolic link on the way. The root is the empty path.
    fn resolve(&self, path: &str) -> Option<String> {
        let mut left: Vec<String> = parts(path);
        let mut at: Vec<String> = Vec::new();
        let mut links = 0;
        while let Some(part) = left.pop() {
            if part == ".." {
                at.pop();
                continue;
            }
            at.push(part);
            let here = at.join("/");
            match self.nodes.get(&here) {
                Some(Node::SymLink(target)) => {
                    links += 1;
                    if links > MAX_SYMLINKS {
                        return None;
                    }
                    at.pop();
                    if target.starts_with('/') {
                        at.clear();
                    }
                    left.extend(parts(target));
                }
                Some(_) => {}
                // Layers need not list the folders of what they hold.
                None if self.has_below(&here) => {}
                None => return None,
            }
        }
        Some(at.join("/"))
    }

    fn has_below(&self, path: &str) -> bool {
        let prefix = format!("{path}/");
        let below = self
            .nodes
            .range::<str, _>((Bound::Included(prefix.as_str()), Bound::Unbounded))
            .next();
        below.is_some_and(|(path, _)| path.starts_with(&prefix))
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

/// The parts of a path, last first.
fn parts(path: &str) -> Vec<String> {
    path.split('/')
        .rev()
        .filter(|part| !part.is_empty() && *part != ".")
        .map(str::to_owned)
        .collect()
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}
