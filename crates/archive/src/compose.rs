//! Composing the stream that an engine loads, in constant memory.
//!
//! Layers go as they are stored, under the image's own manifest, so that an engine which goes by digests knows the image
//! again. A layer is decompressed first only if the engine can't read it; then the manifest is made for the stream.

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
    pub(crate) fn can(self, compression: Compression) -> bool {
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
