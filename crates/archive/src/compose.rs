//! Composing the stream that an engine loads, in constant memory.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use naming::{Digest, Reference};

use crate::archive::Image;
use crate::describe::blob_name;
use crate::error::{Blame, Error};
use crate::form::{Blob, Written, write_documents};
use crate::hash::digest_of;
use crate::layers::LayerReader;
use crate::overlap::overlap;
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

/// Writes an archive of these images in the one form that every engine loads. A layer that several
/// images share is written once; in the place of one that the reader has stands an empty file. Every
/// layer is hashed as it passes, and the documents that make it an image come last: a damaged layer
/// ends the stream before any engine has accepted anything. Layers are read on a thread of their own.
///
/// Returns the digest of each image's manifest, as [`manifest_digest`] knows it before where no layer has to be read for it.
///
/// A failure to write is [`Error::Write`]: the reader of `out` knows more about it.
pub fn compose(choices: &[Choice], out: &mut impl Write) -> Result<Vec<Digest>, Error> {
    compose_with(
        choices,
        |reader, image, index| reader.tar_size(image, index),
        out,
    )
}

/// As [`compose`], but believes the length that a gzip layer ends with, so that the layer is decompressed once. If that length
/// is wrong, the end is [`Error::UnexpectedLength`], and only [`compose`] will do.
pub fn compose_by_trailers(choices: &[Choice], out: &mut impl Write) -> Result<Vec<Digest>, Error> {
    compose_with(
        choices,
        |reader, image, index| reader.likely_tar_size(image, index),
        out,
    )
}

/// Finds the uncompressed length of a layer.
type TarSize = fn(&mut LayerReader<'_>, &Image, usize) -> Result<u64, Error>;

fn compose_with(
    choices: &[Choice],
    tar_size: TarSize,
    out: &mut impl Write,
) -> Result<Vec<Digest>, Error> {
    overlap(out, |out| {
        let mut sizes = stand_ins(choices, out)?;
        for choice in choices {
            write_layers(choice, tar_size, out, &mut sizes)?;
        }
        let written: Vec<_> = choices
            .iter()
            .map(|choice| described(choice.stack.image(), choice.tags, &sizes))
            .collect();
        write_documents(out, &written).map_err(write_error)?;
        let manifests = written.iter().map(Written::manifest);
        Ok(manifests.map(|manifest| digest_of(&manifest)).collect())
    })
}

/// How many bytes of layers [`compose`] is going to write, as far as their lengths are known; layers of
/// unknown length count as they are stored.
pub fn length(choices: &[Choice]) -> u64 {
    let mut seen = left_out(choices);
    let mut length = 0;
    for choice in choices {
        for (index, diff_id) in choice.stack.diff_ids().iter().enumerate() {
            if seen.insert(*diff_id) {
                let size = choice.stack.tar_size(index);
                length += size.unwrap_or_else(|| choice.stack.stored_size(index));
            }
        }
    }
    length
}

/// The digest of the OCI manifest that [`compose`] writes for an image: what an engine with a
/// containerd store calls the image. `None` where a layer's uncompressed length is not known without
/// reading it.
pub fn manifest_digest(image: &Image) -> Option<Digest> {
    let sizes = image
        .layers
        .iter()
        .map(|layer| Some((layer.diff_id, layer.tar_size()?)))
        .collect::<Option<_>>()?;
    Some(digest_of(&described(image, &[], &sizes).manifest()))
}

/// The layers that no image needs sent.
fn left_out(choices: &[Choice]) -> BTreeSet<Digest> {
    let split = |choice: &Choice| choice.present.min(choice.stack.diff_ids().len());
    let needed: BTreeSet<_> = choices
        .iter()
        .flat_map(|choice| &choice.stack.diff_ids()[split(choice)..])
        .collect();
    choices
        .iter()
        .flat_map(|choice| &choice.stack.diff_ids()[..split(choice)])
        .filter(|diff_id| !needed.contains(diff_id))
        .copied()
        .collect()
}

/// Writes an empty file for each layer that is left out. Returns the lengths that those layers have.
fn stand_ins(choices: &[Choice], out: &mut impl Write) -> Result<BTreeMap<Digest, u64>, Error> {
    let left_out = left_out(choices);
    let mut sizes = BTreeMap::new();
    for choice in choices {
        for (index, diff_id) in choice.stack.diff_ids().iter().enumerate() {
            if left_out.contains(diff_id) && !sizes.contains_key(diff_id) {
                writer::member(out, &blob_name(*diff_id), &[]).map_err(write_error)?;
                sizes.insert(*diff_id, choice.stack.tar_size(index).unwrap_or_default());
            }
        }
    }
    Ok(sizes)
}

/// Writes the layers that the reader needs and that are not in `sizes` yet, and adds them there.
fn write_layers(
    choice: &Choice,
    tar_size: TarSize,
    out: &mut impl Write,
    sizes: &mut BTreeMap<Digest, u64>,
) -> Result<(), Error> {
    let present = choice.present.min(choice.stack.diff_ids().len());
    let needed = &choice.stack.diff_ids()[present..];
    for (archive, image) in choice.stack.upward() {
        let mut lengths = LayerReader::new(&archive.source);
        let mut layers = LayerReader::new(&archive.source);
        for index in archive.cheapest_order(image) {
            let diff_id = image.layers[index].diff_id;
            if needed.contains(&diff_id) && !sizes.contains_key(&diff_id) {
                let size = tar_size(&mut lengths, image, index)?;
                write_layer(image, index, &mut layers, size, out)?;
                sizes.insert(diff_id, size);
            }
        }
    }
    match needed
        .iter()
        .position(|diff_id| !sizes.contains_key(diff_id))
    {
        Some(missing) => Err(choice.stack.left_out(present + missing)),
        None => Ok(()),
    }
}

fn write_layer(
    image: &Image,
    index: usize,
    layers: &mut LayerReader,
    size: u64,
    out: &mut impl Write,
) -> Result<(), Error> {
    let name = blob_name(image.layers[index].diff_id);
    let header = writer::file_header(&name, size).map_err(write_error)?;
    out.write_all(header.as_bytes()).map_err(write_error)?;
    layers.copy_sized(image, index, size, out)?;
    writer::pad(out, size).map_err(write_error)
}

fn described<'a>(
    image: &'a Image,
    tags: &'a [Reference],
    sizes: &BTreeMap<Digest, u64>,
) -> Written<'a> {
    let size = |diff_id| sizes.get(diff_id).copied().unwrap_or_default();
    let layers = image.config.diff_ids.iter();
    Written {
        config: &image.config.bytes,
        layers: layers
            .map(|diff_id| Blob::plain(*diff_id, size(diff_id)))
            .collect(),
        base: None,
        tags,
    }
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
