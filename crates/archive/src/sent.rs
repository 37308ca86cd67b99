//! Decides how to send each layer of an image: as stored, under its name in the manifest, or uncompressed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use naming::Digest;

use crate::archive::Image;
use crate::compose::{Choice, Reads, stored_blob, write_error};
use crate::decode::Compression;
use crate::describe::blob_name;
use crate::error::Error;
use crate::form::{Blob, Written};
use crate::layers::{LayerReader, place};
use crate::manifest::StoredManifest;
use crate::overlap::Pieces;
use crate::stack::Stack;
use crate::writer;

/// The blobs in the stream, each with its diff_id and its length; `None` for a stand-in.
pub(crate) type Blobs = BTreeMap<Digest, Option<(Digest, u64)>>;

/// An image, and how to send each of its layers.
pub(crate) struct Sent<'a> {
    choice: Choice<'a>,
    manifest: Option<&'a StoredManifest>,
    layers: Vec<SentLayer>,
}

#[derive(Clone, Copy)]
struct SentLayer {
    blob: Blob,
    /// Whether to decompress it.
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
    pub(crate) fn new(choice: Choice<'a>, reads: Reads) -> Result<Self, Error> {
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
    pub(crate) fn write_layers(
        &self,
        out: &mut Pieces<'a>,
        written: &mut Blobs,
    ) -> Result<(), Error> {
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
        // A blob is a single layer, even if config and manifest differ on that.
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

    pub(crate) fn documents(&self) -> Written<'_> {
        Written {
            config: &self.choice.stack.image().config.bytes,
            layers: self.layers.iter().map(|layer| layer.blob).collect(),
            manifest: self.manifest,
            index: None,
            base: None,
            tags: self.choice.tags,
            sized: false,
        }
    }
}

/// The layers under their names in a manifest: as stored, or decompressed. `None` if a layer cannot be sent under its name.
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

/// A layer that the reader already has, in the form in which it would be sent, as far as known.
fn unsent(stack: &Stack, index: usize, reads: Reads) -> Blob {
    let own = &stack.image().layers[index];
    let held = stack.find(index);
    let layer = held.map_or(own, |(_, image, index)| &image.layers[index]);
    let stored = stored_blob(layer).filter(|_| reads.can(layer.compression));
    stored.unwrap_or_else(|| Blob::plain(own.diff_id, layer.tar_size().unwrap_or_default()))
}

/// How to send a layer: as stored, if the reader can decompress it.
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

/// Writes an empty file for each layer that no reader needs. Returns their digests.
pub(crate) fn stand_ins(sent: &[Sent], out: &mut impl Write) -> Result<Blobs, Error> {
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
