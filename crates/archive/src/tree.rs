//! The merged tree of an image's layers, by path, and the way along its links.

use std::collections::BTreeMap;
use std::ops::Bound;

use thiserror::Error;

use crate::attributes::{Attributes, FileKind, Special};
use crate::overlay::Inode;

/// How many symbolic links in a row a path may go through, as in Linux.
const MAX_SYMLINKS: usize = 40;

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub inode: Inode,
    /// The layer whose tar it is in.
    pub layer: usize,
}

impl Node {
    /// A folder that no layer lists, above something that a layer has.
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

    /// A hard link to a file that is not there.
    pub(crate) fn dangling(layer: usize) -> Self {
        let mut node = Self::implied(layer);
        node.inode.kind = FileKind::Special(Special::Unknown);
        node
    }

    pub(crate) fn is_folder(&self) -> bool {
        self.inode.kind == FileKind::Directory
    }
}

/// Why a path leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotFound {
    /// There is nothing.
    #[error("no such file in the image")]
    Missing,
    /// Symbolic links lead to each other.
    #[error("too many symbolic links in a row")]
    Loop,
}

/// Paths without slashes at their ends, and what is there. The root is the empty path and always there. All
/// above a path are folders.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    nodes: BTreeMap<String, Node>,
    /// The bytes of all paths.
    names: usize,
}

impl Tree {
    /// How many nodes there are.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// How many bytes all paths have.
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

    /// All below a folder, by its path.
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

    /// Lays a node over what is at its path.
    pub(crate) fn add(&mut self, path: String, node: Node) {
        // The root is always there, and always a folder.
        if path.is_empty() {
            return;
        }
        self.make_folders_above(&path, node.layer);
        // A folder over a folder leaves what is in it; anything else takes all of it away. Only a folder has anything in it.
        let was_folder = self.nodes.get(&path).is_some_and(Node::is_folder);
        if was_folder && !node.is_folder() {
            self.remove(&path, true);
        }
        self.insert(path, node);
    }

    /// Makes the folders that a layer need not list. Where a layer below has a link or a file, they take its place, as
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

    /// Takes away a path and all below it, or only what is below it.
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

    /// The path itself, after every symbolic link on the way. The root is the empty path.
    pub(crate) fn resolve(&self, path: &str) -> Result<String, NotFound> {
        self.walk(path, true)
    }

    /// As [`Self::resolve`], but for a link at the very end, unless a slash follows it.
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
