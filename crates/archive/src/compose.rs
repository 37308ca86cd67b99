//! Composing the stream that an engine loads, in constant memory.

use std::collections::BTreeMap;
use std::io::{self, Write};

use naming::{Digest, Reference};

use crate::archive::{Archive, Image};
use crate::describe::blob_name;
use crate::error::{Blame, Error};
use crate::form::{Written, write_documents};
use crate::hash::digest_of;
use crate::layers::LayerReader;
use crate::source::CHUNK;
use crate::writer;

/// An image to send, and the tags that it gets, whatever tags the archive gives it.
#[derive(Debug, Clone, Copy)]
pub struct Choice<'a> {
    /// Where it comes from.
    pub archive: &'a Archive,
    /// One of the archive's images.
    pub image: &'a Image,
    /// Its tags; none leaves it untagged.
    pub tags: &'a [Reference],
}

/// Writes an archive of these images in the one form that every engine loads. A layer that several
/// images share is written once. Every layer is hashed as it passes, and the documents that make it
/// an image come last: a damaged layer ends the stream before any engine has accepted anything.
///
/// A failure to write is [`Error::Write`]: the reader of `out` knows more about it.
pub fn compose(choices: &[Choice], out: &mut impl Write) -> Result<(), Error> {
    let mut sizes = BTreeMap::new();
    for choice in choices {
        write_layers(choice.archive, choice.image, out, &mut sizes)?;
    }
    let written: Vec<_> = choices
        .iter()
        .map(|choice| written(choice.image, choice.tags, &sizes))
        .collect();
    write_documents(out, &written)
        .and_then(|()| out.flush())
        .map_err(write_error)
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
    Some(digest_of(&written(image, &[], &sizes).manifest()))
}

/// Writes the layers that are not in `sizes` yet, and adds them there.
pub(crate) fn write_layers(
    archive: &Archive,
    image: &Image,
    out: &mut impl Write,
    sizes: &mut BTreeMap<Digest, u64>,
) -> Result<(), Error> {
    let mut lengths = LayerReader::new(&archive.source);
    let mut layers = LayerReader::new(&archive.source);
    for index in archive.cheapest_order(image) {
        let layer = &image.layers[index];
        if sizes.contains_key(&layer.diff_id) {
            continue;
        }
        let size = lengths.tar_size(image, index)?;
        let header = writer::file_header(&blob_name(layer.diff_id), size).map_err(write_error)?;
        out.write_all(header.as_bytes()).map_err(write_error)?;
        let read = layers.copy(image, index, out)?;
        if read != size {
            let blame = &archive.source.blame;
            return Err(blame.damaged("was changed while it was read"));
        }
        writer::pad(out, size).map_err(write_error)?;
        sizes.insert(layer.diff_id, size);
    }
    Ok(())
}

pub(crate) fn written<'a>(
    image: &'a Image,
    tags: &'a [Reference],
    sizes: &BTreeMap<Digest, u64>,
) -> Written<'a> {
    let layers = image
        .layers
        .iter()
        .map(|layer| {
            (
                layer.diff_id,
                sizes.get(&layer.diff_id).copied().unwrap_or_default(),
            )
        })
        .collect();
    Written {
        config: &image.config.bytes,
        layers,
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
