//! The merged tree of an image's layers, by path, and the resolution of its links.

use std::collections::BTreeMap;
use std::ops::Bound;

use thiserror::Error;

use crate::attributes::{Attributes, FileKind, Special};
use crate::overlay::Inode;

/// The largest number of symbolic links in a row, as in Linux.
const MAX_SYMLINKS: usize = 40;

/// A file in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub inode: Inode,
    /// The layer with its entry.
    pub layer: usize,
}

impl Node {
    /// A folder that no layer lists, above a file of a layer.
    fn implied(layer: usize) -> Self {
        Self {
            inode: Inode {
                kind: FileKind::Directory,
                offset: 0,
                attributes: Attributes::IMPLIED,
            },
            layer,
        }
    }

    /// A hard link to a missing file.
    pub(crate) fn dangling(layer: usize) -> Self {
        let mut node = Self::implied(layer);
        node.inode.kind = FileKind::Special(Special::Unknown);
        node
    }

    pub(crate) fn is_folder(&self) -> bool {
        self.inode.kind == FileKind::Directory
    }
}

/// Why a path cannot be resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotFound {
    /// The path does not exist.
    #[error("no such file in the image")]
    Missing,
    /// A cycle of symbolic links.
    #[error("too many symbolic links in a row")]
    Loop,
}

/// Files by path, without slashes at the end. The root is the empty path, and always exists. All nodes above a path are
/// folders.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    nodes: BTreeMap<String, Node>,
    /// The bytes of all paths.
    names: usize,
}

impl Tree {
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The number of bytes of all paths.
    pub(crate) fn names(&self) -> usize {
        self.names
    }

    pub(crate) fn get(&self, path: &str) -> Option<(&str, &Node)> {
        let (path, node) = self.nodes.get_key_value(path)?;
        Some((path, node))
    }

    /// The names in a folder, sorted.
    pub(crate) fn list(&self, folder: &str) -> Vec<&str> {
        let inside = folder.len() + usize::from(!folder.is_empty());
        let names = self.below(folder).map(|(path, _)| &path[inside..]);
        names.filter(|name| !name.contains('/')).collect()
    }

    /// All nodes below a folder, by its path.
    pub(crate) fn below<'a>(
        &'a self,
        folder: &str,
    ) -> impl Iterator<Item = (&'a str, &'a Node)> + use<'a> {
        let prefix = if folder.is_empty() {
            String::new()
        } else {
            format!("{folder}/")
        };
        let from = (Bound::Excluded(prefix.as_str()), Bound::Unbounded);
        let nodes = self.nodes.range::<str, _>(from);
        nodes
            .map(|(path, node)| (path.as_str(), node))
            .take_while(move |(path, _)| path.starts_with(&prefix))
    }

    /// Adds a node, and replaces the previous one at its path.
    pub(crate) fn add(&mut self, path: String, node: Node) {
        // The root always exists, and is always a folder.
        if path.is_empty() {
            return;
        }
        self.make_folders_above(&path, node.layer);
        // A folder over a folder keeps its contents; any other node removes them. Only a folder has contents.
        let was_folder = self.nodes.get(&path).is_some_and(Node::is_folder);
        if was_folder && !node.is_folder() {
            self.remove(&path, true);
        }
        self.insert(path, node);
    }

    /// Adds the folders above a path, which a layer need not list. They replace a link or a file of a lower layer, as
    /// in the overlay file systems of engines.
    fn make_folders_above(&mut self, path: &str, layer: usize) {
        let mut missing = Vec::new();
        let mut inner = path;
        while let Some((folder, _)) = inner.rsplit_once('/') {
            if self.nodes.get(folder).is_some_and(Node::is_folder) {
                break;
            }
            missing.push(folder);
            inner = folder;
        }
        for folder in missing {
            self.insert(folder.to_owned(), Node::implied(layer));
        }
    }

    fn insert(&mut self, path: String, node: Node) {
        let length = path.len();
        if self.nodes.insert(path, node).is_none() {
            self.names += length;
        }
    }

    /// Removes a path and all nodes below it, or only those below it.
    pub(crate) fn remove(&mut self, path: &str, only_inside: bool) {
        let below = self.below(path).map(|(path, _)| path.to_owned());
        let mut paths: Vec<String> = below.collect();
        if !only_inside {
            paths.push(path.to_owned());
        }
        for path in paths {
            if self.nodes.remove(&path).is_some() {
                self.names -= path.len();
            }
        }
    }

    /// The path after resolving every symbolic link. The root is the empty path.
    pub(crate) fn resolve(&self, path: &str) -> Result<String, NotFound> {
        self.walk(path, true)
    }

    /// Like [`Self::resolve`], but does not follow a link at the very end, unless a slash follows it.
    pub(crate) fn resolve_above(&self, path: &str) -> Result<String, NotFound> {
        self.walk(path, path.ends_with('/'))
    }

    fn walk(&self, path: &str, to_the_end: bool) -> Result<String, NotFound> {
        let mut left: Vec<String> = parts(path);
        let mut at: Vec<String> = Vec::new();
        let mut links = 0;
        while let Some(part) = left.pop() {
            if part == ".." {
                at.pop();
                continue;
            }
            at.push(part);
            let node = self.nodes.get(&at.join("/"));
            let FileKind::SymLink(target) = &node.ok_or(NotFound::Missing)?.inode.kind else {
                continue;
            };
            if left.is_empty() && !to_the_end {
                break;
            }
            links += 1;
            if links > MAX_SYMLINKS {
                return Err(NotFound::Loop);
            }
            at.pop();
            if target.starts_with('/') {
                at.clear();
            }
            left.extend(parts(target));
        }
        Ok(at.join("/"))
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
