//! Composing the stream that an engine loads, in constant memory.
//!
//! Layers go as they are stored, under the image's own manifest, so that an engine which goes by digests knows the image
//! again. A layer is decompressed first only if the engine can't read it; then the manifest is made for the stream.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use naming::{Digest, Reference};

use crate::archive::{Image, Layer};
use crate::decode::Compression;
use crate::describe::blob_name;
use crate::error::{Blame, Error};
use crate::form::{self, Blob, Written, write_documents};
use crate::hash::digest_of;
use crate::layers::{LayerReader, place};
use crate::manifest::StoredManifest;
use crate::overlap::{Copying, Pieces, Sink, overlap};
use crate::source::CHUNK;
use crate::stack::Stack;
use crate::writer;

/// An image to send, and the tags that it gets, whatever tags the archive gives it.
#[derive(Debug, Clone, Copy)]
pub struct Choice<'a> {
    /// The image, with all archives that hold its layers.
    pub stack: &'a Stack,
    /// Its tags; none leaves it untagged.
    pub tags: &'a [Reference],
    /// How many of its lowest layers the reader has: they are named, but neither read nor sent.
    pub present: usize,
}

/// What the reader of a stream decompresses itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    /// gzip and zstd.
    All,
    /// gzip alone.
    Gzip,
}

impl Reads {
    fn can(self, compression: Compression) -> bool {
        self == Self::All || compression != Compression::Zstd
    }
}

/// Writes an archive of these images in the one form that every engine loads. A layer that several
/// images share is written once; an empty file stands in for one that the reader has. Every
/// layer is hashed as it passes, and the documents that make it an image come last: a damaged layer
/// ends the stream before any engine has accepted anything. Layers are read on a thread of their own.
///
/// Returns the digest of each image's manifest.
///
/// A failure to write is [`Error::Write`]: the reader of `out` knows more about it.
pub fn compose(
    choices: &[Choice],
    reads: Reads,
    out: &mut impl Write,
) -> Result<Vec<Digest>, Error> {
    compose_into(choices, reads, &mut Copying(out))
}

/// As [`compose`], into a sink that takes bytes of the archives' files as they are, while another thread reads and checks the
/// same bytes.
pub fn compose_into(
    choices: &[Choice],
    reads: Reads,
    out: &mut impl Sink,
) -> Result<Vec<Digest>, Error> {
    overlap(out, |out| {
        let sent = choices.iter().map(|choice| Sent::new(*choice, reads));
        let sent: Vec<_> = sent.collect::<Result<_, _>>()?;
        let mut written = stand_ins(&sent, out)?;
        for image in &sent {
            image.write_layers(out, &mut written)?;
        }
        let documents: Vec<_> = sent.iter().map(Sent::documents).collect();
        write_documents(out, &documents).map_err(write_error)?;
        let manifests = documents.iter().map(Written::manifest);
        Ok(manifests.map(|manifest| digest_of(&manifest)).collect())
    })
}

/// How many bytes of layers [`compose`] is going to write, as far as their lengths are known; layers that have to be
/// decompressed, and whose length nobody has said, count as they are stored.
pub fn length(choices: &[Choice]) -> u64 {
    let mut seen = BTreeSet::new();
    let mut length = 0;
    for choice in choices {
        for (index, diff_id) in choice
            .stack
            .diff_ids()
            .iter()
            .enumerate()
            .skip(choice.present)
        {
            if seen.insert(*diff_id) {
                length += choice.stack.stored_size(index);
            }
        }
    }
    length
}

/// The digest of the manifest under which [`compose`] sends an image as it is stored: what an engine with a
/// containerd store calls the image. `None` if a layer has to be read for it.
pub fn manifest_digest(image: &Image) -> Option<Digest> {
    if let Some(manifest) = &image.manifest {
        return Some(manifest.digest);
    }
    let blobs = image.layers.iter().map(stored_blob);
    let blobs: Vec<_> = blobs.collect::<Option<_>>()?;
    Some(digest_of(&form::manifest(&image.config.bytes, &blobs)))
}

/// The digest of the manifest under which an image goes uncompressed, as earlier versions sent all images. `None` if the
/// length of a layer is not known.
pub fn plain_manifest_digest(image: &Image) -> Option<Digest> {
    let blobs = image
        .layers
        .iter()
        .map(|layer| Some(Blob::plain(layer.diff_id, layer.tar_size()?)));
    let blobs: Vec<_> = blobs.collect::<Option<_>>()?;
    Some(digest_of(&form::manifest(&image.config.bytes, &blobs)))
}

/// A layer as it is stored; `None` if its digest or its length is not known.
pub(crate) fn stored_blob(layer: &Layer) -> Option<Blob> {
    let size = match layer.left_out {
        true => layer.said?,
        false => layer.stored_size,
    };
    Some(Blob {
        digest: layer.blob?,
        size,
        compression: layer.compression,
        tar_size: 0,
    })
}

/// The blobs in the stream, each with its diff_id and its length; `None` for a stand-in.
type Blobs = BTreeMap<Digest, Option<(Digest, u64)>>;

/// An image, and how each of its layers goes into the stream.
struct Sent<'a> {
    choice: Choice<'a>,
    manifest: Option<&'a StoredManifest>,
    layers: Vec<SentLayer>,
}

#[derive(Clone, Copy)]
struct SentLayer {
    blob: Blob,
    /// Whether it has to be decompressed.
    decode: bool,
}

impl SentLayer {
    fn stored(blob: Blob) -> Self {
        Self {
            blob,
            decode: false,
        }
    }
}

impl<'a> Sent<'a> {
    fn new(choice: Choice<'a>, reads: Reads) -> Result<Self, Error> {
        let present = choice.present.min(choice.stack.diff_ids().len());
        let choice = Choice { present, ..choice };
        let image = choice.stack.image();
        if let Some(manifest) = &image.manifest
            && let Some(layers) = as_named(choice, manifest, reads)
        {
            return Ok(Self {
                choice,
                manifest: Some(manifest),
                layers,
            });
        }
        let mut layers: Vec<_> = (0..image.layers.len())
            .map(|index| SentLayer::stored(unsent(choice.stack, index, reads)))
            .collect();
        choice.stack.visit(
            |index| index >= present,
            |layer, reader, image, index| {
                layers[layer] = to_send(reader, image, index, reads)?;
                Ok(())
            },
        )?;
        Ok(Self {
            choice,
            manifest: None,
            layers,
        })
    }

    /// Writes the layers that the reader needs and that are not in the stream yet.
    fn write_layers(&self, out: &mut Pieces<'a>, written: &mut Blobs) -> Result<(), Error> {
        let needed = self.choice.present..self.layers.len();
        let missing = needed
            .clone()
            .filter(|index| !written.contains_key(&self.layers[*index].blob.digest));
        let missing: BTreeSet<usize> = missing.collect();
        let stack = self.choice.stack;
        stack.visit(
            |layer| missing.contains(&layer),
            |layer, reader, image, index| {
                let SentLayer { blob, decode } = self.layers[layer];
                if written.contains_key(&blob.digest) {
                    return Ok(());
                }
                let diff_id = image.layers[index].diff_id;
                written.insert(blob.digest, Some((diff_id, blob.size)));
                let header = writer::file_header(&blob_name(blob.digest), blob.size);
                out.write_all(header.map_err(write_error)?.as_bytes())
                    .map_err(write_error)?;
                match reader.seekable(image, index) {
                    _ if decode => reader.copy_sized(image, index, blob.size, out)?,
                    Some((file, offset)) => {
                        out.send_file(file, offset, blob.size)
                            .map_err(write_error)?;
                        let mut checked = out.while_sending();
                        reader.copy_stored(image, index, &mut checked).map(drop)?;
                    }
                    None => reader.copy_stored(image, index, out).map(drop)?,
                }
                writer::pad(out, blob.size).map_err(write_error)
            },
        )?;
        // One blob is one layer, whatever config and manifest say.
        let mut needed = stack.diff_ids().iter().enumerate().skip(needed.start);
        needed.try_for_each(|(index, diff_id)| {
            let blob = self.layers[index].blob;
            let (blame, place) = (&stack.archive().source.blame, place(stack.image(), index));
            match written.get(&blob.digest) {
                Some(Some((found, _))) if found != diff_id => {
                    Err(blame.mismatch(place, *diff_id, *found))
                }
                Some(Some((_, size))) if *size != blob.size => Err(blame.damaged(format!(
                    "{place} has {} bytes, but {size} elsewhere",
                    blob.size
                ))),
                _ => Ok(()),
            }
        })
    }

    fn documents(&self) -> Written<'_> {
        Written {
            config: &self.choice.stack.image().config.bytes,
            layers: self.layers.iter().map(|layer| layer.blob).collect(),
            manifest: self.manifest,
            base: None,
            tags: self.choice.tags,
            sized: false,
        }
    }
}

/// The layers under the names that a manifest gives them: as they are stored, or decompressed. `None` if a layer can't be sent so.
fn as_named(choice: Choice, manifest: &StoredManifest, reads: Reads) -> Option<Vec<SentLayer>> {
    let named = manifest.layers.iter().enumerate();
    let layers = named.map(|(index, named)| {
        if index < choice.present {
            return Some(SentLayer::stored(Blob::named(named, Compression::None)));
        }
        let (_, image, place) = choice.stack.find(index)?;
        let layer = &image.layers[place];
        let stored = (layer.blob, layer.stored_size);
        if stored == (Some(named.digest), named.size) && reads.can(layer.compression) {
            return Some(SentLayer::stored(Blob::named(named, layer.compression)));
        }
        let is_plain = layer.diff_id == named.digest;
        let is_sized = layer.tar_size().is_none_or(|size| size == named.size);
        (is_plain && is_sized).then(|| SentLayer {
            blob: Blob::plain(layer.diff_id, named.size),
            decode: true,
        })
    });
    layers.collect()
}

/// A layer that the reader has, as it would be sent, as far as that is known.
fn unsent(stack: &Stack, index: usize, reads: Reads) -> Blob {
    let own = &stack.image().layers[index];
    let held = stack.find(index);
    let layer = held.map_or(own, |(_, image, index)| &image.layers[index]);
    let stored = stored_blob(layer).filter(|_| reads.can(layer.compression));
    stored.unwrap_or_else(|| Blob::plain(own.diff_id, layer.tar_size().unwrap_or_default()))
}

/// How a layer is sent: as it is stored, if the reader can decompress it.
fn to_send(
    reader: &mut LayerReader,
    image: &Image,
    index: usize,
    reads: Reads,
) -> Result<SentLayer, Error> {
    let layer = &image.layers[index];
    if !reads.can(layer.compression) {
        let size = reader.tar_size(image, index)?;
        return Ok(SentLayer {
            blob: Blob::plain(layer.diff_id, size),
            decode: true,
        });
    }
    Ok(SentLayer::stored(Blob {
        digest: reader.blob(image, index)?,
        size: layer.stored_size,
        compression: layer.compression,
        tar_size: 0,
    }))
}

/// Writes an empty file for each layer that no image needs sent. Returns their digests.
fn stand_ins(sent: &[Sent], out: &mut impl Write) -> Result<Blobs, Error> {
    let digest = |layer: &SentLayer| layer.blob.digest;
    let needed = sent.iter().flat_map(|it| &it.layers[it.choice.present..]);
    let needed: BTreeSet<_> = needed.map(digest).collect();
    let mut written = Blobs::new();
    for layer in sent.iter().flat_map(|it| &it.layers[..it.choice.present]) {
        let digest = digest(layer);
        if !needed.contains(&digest) && written.insert(digest, None).is_none() {
            writer::member(out, &blob_name(digest), &[]).map_err(write_error)?;
        }
    }
    Ok(written)
}

/// Copies with the blame on the right side: `io::copy` would not tell a read from a write.
pub(crate) fn copy(
    reader: &mut dyn io::Read,
    out: &mut impl Write,
    blame: &Blame,
) -> Result<u64, Error> {
    let mut buffer = vec![0; CHUNK];
    let mut copied = 0;
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(copied),
            Ok(read) => {
                out.write_all(&buffer[..read]).map_err(write_error)?;
                copied += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(blame.read(error)),
        }
    }
}

pub(crate) fn write_error(source: io::Error) -> Error {
    Error::Write { source }
}

#[cfg(test)]
mod tests;
