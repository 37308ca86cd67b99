//! The merged tree of an image's layers, by path, and the way along its links.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// How many symbolic links in a row a path may go through, as in Linux.
const MAX_SYMLINKS: usize = 40;

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    Directory,
    SymLink(String),
    /// A regular file: which layer has its bytes, where in that layer's tar, and how many.
    File {
        layer: usize,
        offset: u64,
        size: u64,
    },
    Other,
}

/// Paths without slashes at their ends, and what is there. The root is the empty path and always there.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    nodes: BTreeMap<String, Node>,
}

impl Tree {
    /// How many nodes there are.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn get(&self, path: &str) -> Option<&Node> {
        self.nodes.get(path)
    }

    /// The names in a folder, sorted. A folder that no layer lists itself counts by what is in it.
    pub(crate) fn list(&self, folder: &str) -> Vec<&str> {
        let below = self.below(folder);
        let names = below.filter_map(|(name, _)| name.split('/').next());
        let names: BTreeSet<_> = names.collect();
        names.into_iter().collect()
    }

    /// All below a folder, by its path from there.
    fn below<'a>(&'a self, folder: &str) -> impl Iterator<Item = (&'a str, &'a Node)> {
        let prefix = if folder.is_empty() {
            String::new()
        } else {
            format!("{folder}/")
        };
        let from = (Bound::Excluded(prefix.as_str()), Bound::Unbounded);
        let nodes = self.nodes.range::<str, _>(from);
        nodes.map_while(move |(path, node)| Some((path.strip_prefix(prefix.as_str())?, node)))
    }

    /// Lays a node over what is at its path.
    pub(crate) fn add(&mut self, path: String, node: Node) {
        // The root is always there, and always a folder.
        if path.is_empty() {
            return;
        }
        // A folder over a folder leaves what is in it; anything else takes all of it away.
        let stays = node == Node::Directory
            && matches!(self.nodes.get(&path), None | Some(Node::Directory));
        if !stays {
            self.remove(&path, false);
        }
        self.nodes.insert(path, node);
    }

    /// Takes away a path and all below it, or only what is below it.
    pub(crate) fn remove(&mut self, path: &str, only_inside: bool) {
        if !only_inside {
            self.nodes.remove(path);
        }
        let slash = if path.is_empty() { "" } else { "/" };
        let below = self.below(path);
        let below: Vec<_> = below
            .map(|(name, _)| format!("{path}{slash}{name}"))
            .collect();
        for path in below {
            self.nodes.remove(&path);
        }
    }

    /// The path itself, after every symbolic link on the way. The root is the empty path.
    pub(crate) fn resolve(&self, path: &str) -> Option<String> {
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
        self.below(path).next().is_some()
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
