//! Taking an image in: from an engine's `save`, or from an archive made elsewhere, to the one form on
//! disk, in one pass.
//!
//! What `save` writes differs from engine to engine. Each layer goes to disk as it comes, decompressed and
//! hashed on the way, and compressed if that is wanted. Documents are small and stay in
//! memory. At the end the documents must describe an image whose every layer was seen: an engine can
//! end with success and leave blobs out.
//!
//! Two saves of one image by one engine give the same bytes. Between engines the order of the layers
//! differs, because they stay in the order in which they came; identities do not.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom};

use camino::Utf8Path;
use naming::{Digest, Reference};

use crate::archive::Base;
use crate::compose::write_error;
use crate::compress::Compress;
use crate::config::Config;
use crate::decode::Compression;
use crate::error::{Blame, Error};
use crate::form::{Blob, Written, write_documents};
use crate::gathered::Gathered;
use crate::growth::Allowance;
use crate::headers::Headers;
use crate::layer_file::{Foreseen, Keep, LayerFile, Layers};
use crate::layers::LayerReader;
use crate::rootfs::RootFs;
use crate::source::{CHUNK, Piped};
use crate::stack::Stack;
use crate::taking::Taking;
use crate::trail::Trail;

/// How an image is to be written.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// How its layers are compressed.
    pub compress: Compress,
    /// The image whose layers are left out.
    pub base: Option<ThinBase>,
}

/// The image that a thin archive leaves its lowest layers to.
#[derive(Debug, Clone)]
pub struct ThinBase {
    /// What the archive says of it.
    pub base: Base,
    /// Its layers.
    pub diff_ids: Vec<Digest>,
}

impl Options {
    fn left_out(&self) -> BTreeSet<Digest> {
        let base = self.base.iter();
        base.flat_map(|thin| thin.diff_ids.iter().copied())
            .collect()
    }
}

/// An engine's stream, as far as it is known before it is read.
#[derive(Debug, Clone, Copy)]
pub struct Announced<'a> {
    /// What it is called in errors, like `docker save capy`.
    pub what: &'a str,
    /// The layers that the engine says the image has; empty where it does not. What comes out does not depend on
    /// it, only how long that takes.
    pub diff_ids: &'a [Digest],
}

/// An image whose layers are on disk, and whose documents are still to be written.
#[derive(Debug)]
pub struct Draft {
    /// The config's digest.
    pub image_id: Digest,
    /// The config.
    pub config: Config,
    base: Option<Base>,
    layers: Layers,
}

impl Draft {
    /// Takes in what an engine saves. `input` is read to its end; `out` is an empty file. Of a layer that is
    /// compressed, the files that `keep` wants are remembered for [`Draft::root_fs`].
    pub fn from_stream(
        input: impl Read,
        out: &mut File,
        announced: Announced,
        options: &Options,
        keep: Keep,
    ) -> Result<Self, Error> {
        let blame = Blame::new(Utf8Path::new(announced.what));
        let left_out = options.left_out();
        let file = LayerFile::new(out, options.compress, &left_out, keep);
        let mut taking = Taking::new(blame.clone(), file, announced.diff_ids);
        let mut headers = Headers::new(Piped(BufReader::with_capacity(CHUNK, input)));
        while let Some(member) = headers.next_member().map_err(|error| blame.tar(error))? {
            taking.take(&mut headers, &member)?;
        }
        // To the end, or the engine is told that nobody reads on.
        io::copy(&mut headers.into_inner(), &mut io::sink()).map_err(|error| blame.read(error))?;
        let taken = taking.finish()?;
        Self::new(taken.image_id, taken.config, taken.layers, options, &blame)
    }

    /// Takes in an image of an archive, with the layers that it leaves to others.
    pub fn from_stack(
        stack: &Stack,
        out: &mut File,
        options: &Options,
        keep: Keep,
    ) -> Result<Self, Error> {
        let left_out = options.left_out();
        let mut file = LayerFile::new(out, options.compress, &left_out, keep);
        for (archive, image) in stack.upward() {
            let mut layers = LayerReader::new(&archive.source);
            for index in archive.cheapest_order(image) {
                let diff_id = image.layers[index].diff_id;
                if stack.diff_ids().contains(&diff_id) && !file.has(diff_id) {
                    let blame = &archive.source.blame;
                    let place = format!("layer {} of {}", index + 1, image.layers.len());
                    let tar_size = image.layers[index].tar_size();
                    let foreseen = tar_size.map(|tar_size| Foreseen { diff_id, tar_size });
                    let found = layers.read(image, index, |layer| {
                        file.add(layer, foreseen, blame, &place)
                    })?;
                    if found != diff_id {
                        return Err(blame.mismatch(place, diff_id, found));
                    }
                }
            }
        }
        let missing = stack
            .diff_ids()
            .iter()
            .position(|diff_id| !file.has(*diff_id));
        if let Some(missing) = missing {
            return Err(stack.left_out(missing));
        }
        let image = stack.image();
        let layers = file.finish(stack.diff_ids())?;
        let blame = &stack.archive().source.blame;
        Self::new(image.image_id, image.config.clone(), layers, options, blame)
    }

    /// Takes in an image whose layers are in several places.
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
        let layers = file.finish(&config.diff_ids)?;
        Self::new(gathered.image_id, config, layers, options, &gathered.blame)
    }

    fn new(
        image_id: Digest,
        config: Config,
        layers: Layers,
        options: &Options,
        blame: &Blame,
    ) -> Result<Self, Error> {
        if let Some(thin) = &options.base
            && !config.diff_ids.starts_with(&thin.diff_ids)
        {
            let name = &thin.base.name;
            return Err(blame.damaged(format!("its lowest layers differ from those of `{name}`")));
        }
        let blobs = config.diff_ids.iter();
        check_growth(blobs.filter_map(|diff_id| layers.blobs.get(diff_id)), blame)?;
        Ok(Self {
            image_id,
            config,
            base: options.base.as_ref().map(|thin| thin.base.clone()),
            layers,
        })
    }

    /// Writes the documents, with these tags, and ends the file there. Returns its length. Can be called
    /// again with other tags.
    pub fn seal(&self, out: &mut File, tags: &[Reference]) -> Result<u64, Error> {
        let layers = self.config.diff_ids.iter().map(|diff_id| {
            let blob = self.layers.blobs.get(diff_id);
            blob.copied().unwrap_or_else(|| Blob::plain(*diff_id, 0))
        });
        let written = Written {
            config: &self.config.bytes,
            layers: layers.collect(),
            base: self.base.as_ref(),
            tags,
        };
        out.seek(SeekFrom::Start(self.layers.end))
            .map_err(write_error)?;
        write_documents(&mut BufWriter::new(&mut *out), &[written]).map_err(write_error)?;
        let length = out.stream_position().map_err(write_error)?;
        out.set_len(length).map_err(write_error)?;
        Ok(length)
    }

    /// The digest of the sealed file.
    pub fn digest(&mut self, out: &File) -> io::Result<Digest> {
        let prefix = self.layers.trail.take().and_then(Trail::finish);
        let prefix = prefix.filter(|prefix| prefix.end() == self.layers.end);
        prefix.unwrap_or_default().complete(out)
    }

    /// The image's files. `stack` is the sealed archive, and below it whatever it leaves layers to. Layers
    /// that were compressed on the way are not read again: what is remembered of them goes into the
    /// result.
    pub fn root_fs(&mut self, stack: Stack, keep: Keep) -> Result<RootFs, Error> {
        RootFs::with(stack, keep, &mut self.layers.overlays)
    }
}

/// Whoever reads these layers is going to believe that they become so much.
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
