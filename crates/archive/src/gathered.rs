//! An image whose layers come from several places: files that were downloaded one by one, and archives that already hold
//! the same layers.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};

use camino::{Utf8Path, Utf8PathBuf};
use naming::Digest;

use crate::config::Config;
use crate::decode::{Compression, Magic};
use crate::draft::add;
use crate::error::{Blame, Error};
use crate::growth::Allowance;
use crate::hash::digest_of;
use crate::layer_file::LayerFile;
use crate::manifest::StoredManifest;
use crate::passing::{Decoding, StoredLayer};
use crate::source::CHUNK;
use crate::stack::Stack;

/// An image by its config, with the places of its layers.
#[derive(Debug)]
pub struct Gathered {
    /// The config's digest.
    pub image_id: Digest,
    /// The config.
    pub config: Config,
    /// Its manifest in the registry.
    pub manifest: Option<StoredManifest>,
    pub(crate) blame: Blame,
    places: BTreeMap<Digest, Place>,
}

/// The place of a layer.
#[derive(Debug)]
enum Place {
    /// A separate file, compressed or not, with its stated uncompressed length.
    File(Utf8PathBuf, Option<u64>),
    /// Archives.
    Archive(Stack),
}

impl Gathered {
    /// An image with only its config so far. `from` names it in errors.
    pub fn new(from: &Utf8Path, config: Vec<u8>) -> Result<Self, Error> {
        let blame = Blame::new(from);
        let image_id = digest_of(&config);
        let config = Config::parse(config)
            .map_err(|error| blame.damaged(format!("its config is not valid: {error}")))?;
        Ok(Self {
            image_id,
            config,
            manifest: None,
            blame,
            places: BTreeMap::new(),
        })
    }

    /// Whether the place of this layer is known.
    pub fn has(&self, diff_id: Digest) -> bool {
        self.places.contains_key(&diff_id)
    }

    /// Adds the file of a layer, compressed or not, with its uncompressed length if known. Its contents are checked when
    /// they are read.
    pub fn add_file(&mut self, diff_id: Digest, path: Utf8PathBuf, tar_size: Option<u64>) {
        self.places.insert(diff_id, Place::File(path, tar_size));
    }

    /// Adds the layers in archives, unless their places are known already. If there is a manifest, the archives must hold the
    /// same blobs.
    pub fn add_archives(&mut self, stack: &Stack) {
        for (index, diff_id) in stack.diff_ids().iter().enumerate() {
            let Some((_, image, held)) = stack.find(index) else {
                continue;
            };
            let is_named = self
                .named(*diff_id)
                .is_none_or(|named| image.layers[held].blob == Some(named));
            if self.config.diff_ids.contains(diff_id) && !self.has(*diff_id) && is_named {
                self.places.insert(*diff_id, Place::Archive(stack.clone()));
            }
        }
    }

    /// The blob that the manifest names for a layer.
    fn named(&self, diff_id: Digest) -> Option<Digest> {
        let layer = self.config.diff_ids.iter().position(|id| *id == diff_id)?;
        let manifest = self.manifest.as_ref()?;
        Some(manifest.layers.get(layer)?.digest)
    }

    /// The stored bytes of its layers, as far as known. Except for incompressible layers, this is never more than their
    /// uncompressed bytes.
    pub fn stored_size(&self) -> u64 {
        let size = |(diff_id, place): (&Digest, &Place)| match place {
            Place::File(path, _) => path.metadata().map_or(0, |metadata| metadata.len()),
            Place::Archive(stack) => stack
                .diff_ids()
                .iter()
                .position(|other| other == diff_id)
                .and_then(|index| stack.tar_size(index))
                .unwrap_or(0),
        };
        self.places.iter().map(size).sum()
    }

    /// Writes every layer into an archive's file, checked against its diff_id.
    pub(crate) fn write(&self, out: &mut LayerFile) -> Result<(), Error> {
        let count = self.config.diff_ids.len();
        let mut allowance = Allowance::default();
        for (index, diff_id) in self.config.diff_ids.iter().enumerate() {
            if out.has(*diff_id) {
                continue;
            }
            let name = format!("layer {} of {count}", index + 1);
            match self.places.get(diff_id) {
                None => return Err(self.blame.damaged(format!("{name} ({diff_id}) is missing"))),
                Some(Place::File(path, said)) => {
                    let file = Downloaded { path, said: *said };
                    file.add(*diff_id, &mut allowance, out, &name)?;
                }
                Some(Place::Archive(stack)) => {
                    let is_it = |layer: usize| stack.diff_ids()[layer] == *diff_id;
                    stack.visit(is_it, |_, reader, image, index| {
                        add(out, *diff_id, reader, image, index)
                    })?;
                }
            }
        }
        Ok(())
    }
}

/// A layer in a separate file.
struct Downloaded<'a> {
    path: &'a Utf8Path,
    said: Option<u64>,
}

impl Downloaded<'_> {
    fn add(
        &self,
        diff_id: Digest,
        allowance: &mut Allowance,
        out: &mut LayerFile,
        name: &str,
    ) -> Result<(), Error> {
        let blame = Blame::new(self.path);
        let file = File::open(self.path).map_err(|error| blame.read(error))?;
        let length = file.metadata().map_err(|error| blame.read(error))?.len();
        let mut bytes = BufReader::with_capacity(CHUNK, file);
        let start = bytes.fill_buf().map_err(|error| blame.read(error))?;
        let compression = match Compression::sniff(start) {
            Magic::Known(compression) => compression,
            Magic::Unsupported(which) => {
                let what = format!("{name} is compressed with {which}, which engines cannot load");
                return Err(blame.damaged(what));
            }
        };
        let layer = StoredLayer {
            bytes,
            decoding: Decoding {
                compression,
                most: allowance.most(length, self.said),
                said: self.said,
            },
        };
        let found = out.add(layer, &blame, name)?;
        if compression != Compression::None {
            allowance.charge(length, found.blob.tar_size);
        }
        match found.diff_id {
            found if found == diff_id => Ok(()),
            found => Err(blame.mismatch(name, diff_id, found)),
        }
    }
}

#[cfg(test)]
mod tests;
