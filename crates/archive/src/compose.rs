//! Composes the stream that an engine loads, in constant memory.
//!
//! Layers are sent as stored, under the image's own manifest. So an engine that identifies images by digest recognises
//! the image. A layer is decompressed only if the engine cannot read it. Then the manifest is created for the stream.

use std::collections::BTreeSet;
use std::io::{self, Write};

use naming::{Digest, Reference};

use crate::archive::{Image, Layer};
use crate::decode::Compression;
use crate::error::{Blame, Error};
use crate::form::{self, Blob, Written, write_documents};
use crate::hash::digest_of;
use crate::overlap::{Copying, Sink, overlap};
use crate::sent::{Sent, stand_ins};
use crate::source::CHUNK;
use crate::stack::Stack;

/// An image to send, and its tags there instead of the archive's.
#[derive(Debug, Clone, Copy)]
pub struct Choice<'a> {
    /// The image, with all archives that hold its layers.
    pub stack: &'a Stack,
    /// Its tags; if empty, it is untagged.
    pub tags: &'a [Reference],
    /// The number of its lowest layers that the reader has. They are named, but neither read nor sent.
    pub present: usize,
}

/// The compressions that the reader of a stream decompresses itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    /// gzip and zstd.
    All,
    /// Only gzip.
    Gzip,
}

impl Reads {
    pub(crate) fn can(self, compression: Compression) -> bool {
        self == Self::All || compression != Compression::Zstd
    }
}

/// Writes an archive of these images in the single form that every engine loads. A layer that several images share is
/// written once. An empty file stands in for a layer that the reader has.
///
/// Every layer is hashed as it is sent, and the documents come last. So a damaged layer ends the stream before an
/// engine has accepted any image. Layers are read on a separate thread.
///
/// Returns the digest of each image's manifest.
///
/// A failure to write is [`Error::Write`]: the reader of `out` knows the reason.
pub fn compose(
    choices: &[Choice],
    reads: Reads,
    out: &mut impl Write,
) -> Result<Vec<Digest>, Error> {
    compose_into(choices, reads, &mut Copying(out))
}

/// Like [`compose`], into a sink that takes bytes directly from the archives' files. Another thread reads and checks the same
/// bytes.
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

/// The bytes of layers that [`compose`] writes, as far as their lengths are known. A layer that must be decompressed,
/// and whose uncompressed length is unknown, counts with its stored length.
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

/// The digest of the manifest under which [`compose`] sends an image as stored. It is the image's ID in an engine with
/// a containerd store. `None` if a layer must be read for it.
pub fn manifest_digest(image: &Image) -> Option<Digest> {
    if let Some(manifest) = &image.manifest {
        return Some(manifest.digest);
    }
    let blobs = image.layers.iter().map(stored_blob);
    let blobs: Vec<_> = blobs.collect::<Option<_>>()?;
    Some(digest_of(&form::manifest(&image.config.bytes, &blobs)))
}

/// The digest of the manifest for an uncompressed image, as earlier versions sent all images. `None` if the length of a
/// layer is unknown.
pub fn plain_manifest_digest(image: &Image) -> Option<Digest> {
    let blobs = image
        .layers
        .iter()
        .map(|layer| Some(Blob::plain(layer.diff_id, layer.tar_size()?)));
    let blobs: Vec<_> = blobs.collect::<Option<_>>()?;
    Some(digest_of(&form::manifest(&image.config.bytes, &blobs)))
}

/// A layer as stored; `None` if its digest or its length is unknown.
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

/// Copies, and blames a failure on the reader or the writer: `io::copy` does not distinguish them.
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
