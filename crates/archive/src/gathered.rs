//! An image whose layers are gathered from several places: files that were downloaded one by one, and archives that hold
//! the same layers already.

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

/// An image by its config, and where its layers are.
#[derive(Debug)]
pub struct Gathered {
    /// The config's digest.
    pub image_id: Digest,
    /// The config.
    pub config: Config,
    /// The manifest that the registry has of it.
    pub manifest: Option<StoredManifest>,
    pub(crate) blame: Blame,
    places: BTreeMap<Digest, Place>,
}

/// Where a layer is.
#[derive(Debug)]
enum Place {
    /// In a file of its own, compressed or not. Its uncompressed length is what somebody has said.
    File(Utf8PathBuf, Option<u64>),
    /// In archives.
    Archive(Stack),
}

impl Gathered {
    /// An image of which only the config is there so far. `from` is what errors call it.
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

    /// Whether it is known where this layer is.
    pub fn has(&self, diff_id: Digest) -> bool {
        self.places.contains_key(&diff_id)
    }

    /// Says that a layer is in a file of its own, compressed or not, and so long uncompressed, where that is known. What
    /// is in it is checked when it is read.
    pub fn add_file(&mut self, diff_id: Digest, path: Utf8PathBuf, tar_size: Option<u64>) {
        self.places.insert(diff_id, Place::File(path, tar_size));
    }

    /// Takes the layers that are in archives, as far as nobody has said where they are. If there is a manifest, the archives must
    /// hold the very blobs that it names.
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

    /// The bytes of its layers as they are stored, as far as that is known: never more than it takes uncompressed, but for
    /// what does not compress.
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

    /// Writes every layer into an archive's file, each checked against its diff_id.
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

/// A layer in a file of its own.
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
