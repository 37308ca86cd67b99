//! Converts an image from an engine's `save`, or from an archive made elsewhere, to the single form on disk, in one
//! pass.
//!
//! The output of `save` differs between engines. Each layer is written to disk as it comes, hashed on the way, and
//! compressed in another way only if requested. The manifest stays as it came if it names these blobs; otherwise one is
//! created. Documents are small and stay in memory.
//!
//! At the end, the documents must describe an image with all layers present: an engine can exit with success and leave
//! blobs out.
//!
//! Two saves of one image by one engine give the same bytes. The order of the layers differs between engines, because
//! they stay in the order of the stream. Identities do not differ.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom};

use camino::Utf8Path;
use naming::{Digest, Reference};

use crate::archive::{Base, Image};
use crate::compose::write_error;
use crate::compress::Compress;
use crate::config::Config;
use crate::decode::Compression;
use crate::error::{Blame, Error};
use crate::form::{Blob, Written, write_documents};
use crate::gathered::Gathered;
use crate::growth::Allowance;
use crate::headers::Headers;
use crate::layer_file::{Keep, LayerFile, Layers};
use crate::layers::{LayerReader, check, place};
use crate::manifest::StoredManifest;
use crate::rootfs::RootFs;
use crate::source::{CHUNK, Piped};
use crate::stack::Stack;
use crate::taking::Taking;

/// How to write an image.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// How to compress its layers; `None` leaves each blob as it comes.
    pub compress: Option<Compress>,
    /// The image whose layers are left out.
    pub base: Option<ThinBase>,
}

/// The base to which a thin archive leaves its lowest layers.
#[derive(Debug, Clone)]
pub struct ThinBase {
    /// The base, as the archive names it.
    pub base: Base,
    /// Its layers.
    pub diff_ids: Vec<Digest>,
    blobs: Vec<Blob>,
}

impl ThinBase {
    /// The image of a stack, with its registered name.
    pub fn new(name: String, stack: &Stack) -> Self {
        let image = stack.image();
        let blobs = (0..image.layers.len()).map(|index| stack.blob(index));
        Self {
            base: Base {
                name,
                image_id: image.image_id,
            },
            diff_ids: image.config.diff_ids.clone(),
            blobs: blobs.collect(),
        }
    }
}

impl Options {
    fn left_out(&self) -> BTreeMap<Digest, Blob> {
        let base = self.base.iter();
        base.flat_map(|thin| {
            thin.diff_ids
                .iter()
                .copied()
                .zip(thin.blobs.iter().copied())
        })
        .collect()
    }
}

/// An image with its layers on disk. Its documents are not written yet.
#[derive(Debug)]
pub struct Draft {
    /// The config's digest.
    pub image_id: Digest,
    /// The config.
    pub config: Config,
    /// Its manifest as it came, if it names the blobs on disk.
    manifest: Option<StoredManifest>,
    /// The index through which an engine held it, if it contains that manifest.
    index: Option<Vec<u8>>,
    base: Option<Base>,
    layers: Layers,
}

impl Draft {
    /// Reads an image from an engine's `save`. Errors name the stream `what`, like `docker save capy`. `input` is read to
    /// its end; `out` is an empty file. For compressed layers, the files that `keep` accepts are kept for
    /// [`Draft::root_fs`].
    pub fn from_stream(
        input: impl Read,
        out: &mut File,
        what: &str,
        options: &Options,
        keep: Keep,
    ) -> Result<Self, Error> {
        let blame = Blame::new(Utf8Path::new(what));
        let left_out = options.left_out();
        let file = LayerFile::new(out, options.compress, &left_out, keep);
        let mut taking = Taking::new(blame.clone(), file);
        let mut headers = Headers::new(Piped(BufReader::with_capacity(CHUNK, input)));
        while let Some(member) = headers.next_member().map_err(|error| blame.tar(error))? {
            taking.take(&mut headers, &member)?;
        }
        // Read to the end; otherwise the engine would fail because its reader stopped.
        io::copy(&mut headers.into_inner(), &mut io::sink()).map_err(|error| blame.read(error))?;
        Self::new(taking.finish()?, options, &blame)
    }

    /// Reads an image from an archive, with the layers that it leaves to others.
    pub fn from_stack(
        stack: &Stack,
        out: &mut File,
        options: &Options,
        keep: Keep,
    ) -> Result<Self, Error> {
        let left_out = options.left_out();
        let mut file = LayerFile::new(out, options.compress, &left_out, keep);
        let diff_ids = stack.diff_ids();
        stack.visit(
            |layer| !left_out.contains_key(&diff_ids[layer]),
            |layer, reader, image, index| add(&mut file, diff_ids[layer], reader, image, index),
        )?;
        let image = stack.image();
        let came = Came {
            image_id: image.image_id,
            config: image.config.clone(),
            manifest: image.manifest.clone(),
            index: image.index.clone(),
            layers: file.finish(diff_ids)?,
        };
        Self::new(came, options, &stack.archive().source.blame)
    }

    /// Reads an image whose layers come from several places.
    pub fn from_gathered(
        gathered: &Gathered,
        out: &mut File,
        options: &Options,
        keep: Keep,
    ) -> Result<Self, Error> {
        let left_out = options.left_out();
        let mut file = LayerFile::new(out, options.compress, &left_out, keep);
        gathered.write(&mut file)?;
        let config = gathered.config.clone();
        let came = Came {
            image_id: gathered.image_id,
            manifest: gathered.manifest.clone(),
            index: None,
            layers: file.finish(&config.diff_ids)?,
            config,
        };
        Self::new(came, options, &gathered.blame)
    }

    fn new(came: Came, options: &Options, blame: &Blame) -> Result<Self, Error> {
        let (config, layers) = (came.config, came.layers);
        if let Some(thin) = &options.base
            && !config.diff_ids.starts_with(&thin.diff_ids)
        {
            let name = &thin.base.name;
            return Err(blame.damaged(format!("its lowest layers differ from those of `{name}`")));
        }
        let blobs = config.diff_ids.iter();
        let blobs: Vec<_> = blobs.filter_map(|id| layers.blobs.get(id)).collect();
        check_growth(blobs.iter().copied(), blame)?;
        let names = |manifest: &StoredManifest| {
            let named = manifest.layers.iter().map(|it| (it.digest, it.size));
            named.eq(blobs.iter().map(|blob| (blob.digest, blob.size)))
        };
        let manifest = came.manifest.filter(names);
        Ok(Self {
            image_id: came.image_id,
            index: came.index.filter(|_| manifest.is_some()),
            manifest,
            config,
            base: options.base.as_ref().map(|thin| thin.base.clone()),
            layers,
        })
    }

    /// Writes the documents, with these tags, and truncates the file there. Returns its length. Can be called again
    /// with other tags.
    pub fn seal(&self, out: &mut File, tags: &[Reference]) -> Result<u64, Error> {
        let layers = self.config.diff_ids.iter().map(|diff_id| {
            let blob = self.layers.blobs.get(diff_id);
            blob.copied().unwrap_or_else(|| Blob::plain(*diff_id, 0))
        });
        let written = Written {
            config: &self.config.bytes,
            layers: layers.collect(),
            manifest: self.manifest.as_ref(),
            index: self.index.as_deref(),
            base: self.base.as_ref(),
            tags,
            sized: true,
        };
        out.seek(SeekFrom::Start(self.layers.end))
            .map_err(write_error)?;
        write_documents(&mut BufWriter::new(&mut *out), &[written]).map_err(write_error)?;
        let length = out.stream_position().map_err(write_error)?;
        out.set_len(length).map_err(write_error)?;
        Ok(length)
    }

    /// The image's files. `stack` is the sealed archive, with the images below it that hold its left-out layers. Layers
    /// that were compressed on the way are not read again: their kept files are used.
    pub fn root_fs(&mut self, stack: Stack, keep: Keep) -> Result<RootFs, Error> {
        RootFs::with(stack, keep, &mut self.layers.overlays)
    }
}

/// An image from a stream, with its layers on disk.
pub(crate) struct Came {
    pub image_id: Digest,
    pub config: Config,
    pub manifest: Option<StoredManifest>,
    pub index: Option<Vec<u8>>,
    pub layers: Layers,
}

/// Adds a layer of an archive, which must have this diff_id.
pub(crate) fn add(
    file: &mut LayerFile,
    diff_id: Digest,
    reader: &mut LayerReader,
    image: &Image,
    index: usize,
) -> Result<(), Error> {
    if file.has(diff_id) {
        return Ok(());
    }
    let blame = &reader.source.blame;
    let place = place(image, index);
    let found = reader.read_stored(image, index, |stored| {
        Ok((file.add(stored, blame, &place)?, ()))
    })?;
    check(&image.layers[index], found.0, &place, blame)
}

/// Checks that readers of these layers will accept their growth.
fn check_growth<'a>(mut blobs: impl Iterator<Item = &'a Blob>, blame: &Blame) -> Result<(), Error> {
    let mut allowance = Allowance::default();
    let readable = blobs.all(|blob| {
        blob.compression == Compression::None || allowance.charge(blob.size, blob.tar_size)
    });
    if readable {
        return Ok(());
    }
    Err(blame.unreadable())
}

#[cfg(test)]
mod tests;
