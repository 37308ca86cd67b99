//! Writes files of an image as one tar.
//!
//! The tar has the order in which the layers are read best. So each is read once, and only names are held in memory.
//! Hard links come after all possible targets. Folders come last, the deepest first. An unpacking program creates the
//! folders of a file as needed. It sets their owners, permissions and times later, when their contents no longer
//! change.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use crate::attributes::{FileKind, Special};
use crate::compose::{copy, write_error};
use crate::error::{Blame, Error};
use crate::header_fields::Xattr;
use crate::headers::Headers;
use crate::member::{Member, Pass};
use crate::octets::name_bytes;
use crate::overlay::MAX_NAMES;
use crate::rootfs::RootFs;
use crate::tar_entry::{Entry, What};
use crate::tree::Node;
use crate::writer;

impl RootFs {
    /// Writes a tar of these files, and of all files below those that are folders. Paths have the form of
    /// [`ImageFile::path`](crate::ImageFile::path), also in the tar. Missing paths are skipped. The root itself is no
    /// entry. If a file has a kind that cannot be written, the error comes before the first byte.
    pub fn write_tar(&self, paths: &[&str], out: &mut impl Write) -> Result<(), Error> {
        let mut export = Export::new(self, paths)?;
        let wanted: Vec<bool> = export
            .layers
            .iter()
            .map(|layer| !layer.is_empty())
            .collect();
        self.stack.read_each(
            |layer| wanted[layer],
            |layer, tar, blame| {
                export
                    .layer(layer, tar, out, blame)
                    .map_err(|error| error.inside(&format!("layer {}", layer + 1)))
            },
        )?;
        export.finish(out).map_err(write_error)
    }

    /// The bytes of the regular files that [`Self::write_tar`] would write.
    pub fn tar_bytes(&self, paths: &[&str]) -> Result<u64, Error> {
        let export = Export::new(self, paths)?;
        let files = export.layers.iter().flat_map(BTreeMap::values);
        let sizes = files.filter_map(|names| match names.first()?.1.inode.kind {
            FileKind::File { size } => Some(size),
            _ => None,
        });
        Ok(sizes.sum())
    }
}

/// A file with its names.
type Names<'a> = Vec<(&'a str, &'a Node)>;

struct Export<'a> {
    /// For each layer, the files to read from it, by their offsets in its tar.
    layers: Vec<BTreeMap<u64, Names<'a>>>,
    folders: BTreeMap<&'a str, &'a Node>,
    /// The extended attributes of folders. They are read before the folders are written.
    xattrs: BTreeMap<(usize, u64), Vec<Xattr>>,
    /// The bytes of the extended attributes.
    held: usize,
    /// Further names of files that have one.
    links: Vec<(&'a str, &'a str, &'a Node)>,
}

impl<'a> Export<'a> {
    fn new(files: &'a RootFs, paths: &[&str]) -> Result<Self, Error> {
        let mut export = Self {
            layers: vec![BTreeMap::new(); files.stack.diff_ids().len()],
            folders: BTreeMap::new(),
            xattrs: BTreeMap::new(),
            held: 0,
            links: Vec::new(),
        };
        let mut taken = BTreeSet::new();
        for path in paths {
            let all = files.tree.get(path).into_iter();
            for (path, node) in all.chain(files.tree.below(path)) {
                if !taken.insert(path) {
                    continue;
                }
                if let FileKind::Special(special @ (Special::Sparse | Special::Unknown)) =
                    node.inode.kind
                {
                    return Err(unwritable(
                        &files.stack.archive().source.blame,
                        path,
                        special,
                    ));
                }
                if node.is_folder() {
                    export.folders.insert(path, node);
                }
                // A folder that no layer lists has no bytes to read.
                if node.inode.offset > 0 {
                    let layer = &mut export.layers[node.layer];
                    layer
                        .entry(node.inode.offset)
                        .or_default()
                        .push((path, node));
                }
            }
        }
        Ok(export)
    }

    /// Writes the files of a layer.
    fn layer(
        &mut self,
        layer: usize,
        tar: &mut dyn Pass,
        out: &mut impl Write,
        blame: &Blame,
    ) -> Result<(), Error> {
        let mut wanted = std::mem::take(&mut self.layers[layer]);
        let mut headers = Headers::new(tar);
        while !wanted.is_empty() {
            let Some(member) = headers.next_member().map_err(|error| blame.tar(error))? else {
                return Err(blame.damaged("changed while it was read"));
            };
            let Some(names) = wanted.remove(&member.offset) else {
                continue;
            };
            if names.iter().any(|(_, node)| node.is_folder()) {
                self.hold(layer, member, blame)?;
                continue;
            }
            self.file(&names, &member, out).map_err(write_error)?;
            if let [(first, Node { inode, .. }), others @ ..] = names.as_slice()
                && let FileKind::File { size } = inode.kind
            {
                let copied = copy(&mut headers.body(&member), out, blame)?;
                if (copied, member.size) != (size, size) {
                    return Err(blame.damaged("changed while it was read"));
                }
                writer::pad(out, size).map_err(write_error)?;
                let others = others.iter().map(|(name, node)| (*name, *first, *node));
                self.links.extend(others);
            }
        }
        Ok(())
    }

    /// Keeps the extended attributes of a folder.
    fn hold(&mut self, layer: usize, member: Member, blame: &Blame) -> Result<(), Error> {
        let lengths = member
            .xattrs
            .iter()
            .map(|(name, value)| name.len() + value.len());
        self.held += lengths.sum::<usize>();
        if self.held > MAX_NAMES {
            return Err(blame.damaged("its folders have too many extended attributes"));
        }
        if !member.xattrs.is_empty() {
            self.xattrs.insert((layer, member.offset), member.xattrs);
        }
        Ok(())
    }

    /// Writes the header of a file with bytes, or every name of another file.
    fn file(&self, names: &Names, member: &Member, out: &mut impl Write) -> std::io::Result<()> {
        for (path, node) in names {
            let target;
            let what = match &node.inode.kind {
                FileKind::File { size } => What::File(*size),
                FileKind::SymLink(text) => {
                    target = name_bytes(text);
                    What::SymLink(&target)
                }
                FileKind::Special(Special::Char(device)) => What::Char(*device),
                FileKind::Special(Special::Block(device)) => What::Block(*device),
                FileKind::Special(Special::Fifo) => What::Fifo,
                FileKind::Directory | FileKind::Special(_) => continue,
            };
            let entry = Entry {
                name: &name_bytes(path),
                what,
                attributes: &node.inode.attributes,
                xattrs: &member.xattrs,
            };
            entry.write(out)?;
            if matches!(what, What::File(_)) {
                break;
            }
        }
        Ok(())
    }

    /// Writes hard links and folders, and ends the tar.
    fn finish(self, out: &mut impl Write) -> std::io::Result<()> {
        for (path, target, node) in self.links {
            let entry = Entry {
                name: &name_bytes(path),
                what: What::HardLink(&name_bytes(target)),
                attributes: &node.inode.attributes,
                xattrs: &[],
            };
            entry.write(out)?;
        }
        for (path, node) in self.folders.into_iter().rev() {
            let xattrs = self.xattrs.get(&(node.layer, node.inode.offset));
            let entry = Entry {
                name: &[&name_bytes(path), &b"/"[..]].concat(),
                what: What::Directory,
                attributes: &node.inode.attributes,
                xattrs: xattrs.map_or(&[], Vec::as_slice),
            };
            entry.write(out)?;
        }
        writer::end(out)
    }
}

fn unwritable(blame: &Blame, path: &str, special: Special) -> Error {
    let path = path.escape_debug();
    blame.damaged(match special {
        Special::Sparse => {
            format!("its file `{path}` is a sparse file, which is not supported")
        }
        _ => format!("its file `{path}` has a type that a tar cannot hold"),
    })
}

#[cfg(test)]
mod tests;
