//! Writes an image as an OCI layout in a folder, for publishing.
//!
//! Layers that are stored compressed stay unchanged, and so the manifest stays too. Other layers are compressed. Each is
//! checked against its diff_id. A layer that a reader already has is only named: its blob is not written. A new manifest
//! depends only on the config and the blobs. So an image that is published twice has one digest.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};

use camino::{Utf8Path, Utf8PathBuf};
use naming::Digest;

use crate::archive::Image;
use crate::compose::write_error;
use crate::compress::Compress;
use crate::decode::Compression;
use crate::describe::BLOBS;
use crate::error::Error;
use crate::form::{self, Blob};
use crate::growth::Allowance;
use crate::hash::{Hashing, digest_of};
use crate::layers::LayerReader;
use crate::manifest::{MANIFEST, StoredManifest};
use crate::schema::Descriptor;
use crate::stack::Stack;

/// The suffix of an incomplete blob.
const PARTIAL: &str = ".partial";

/// A layer's blob as a registry or an archive stores it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored(Blob);

impl From<&Descriptor> for Stored {
    fn from(descriptor: &Descriptor) -> Self {
        let media_type = &descriptor.media_type;
        Self(Blob {
            digest: descriptor.digest,
            size: descriptor.size,
            // OCI writes `tar+gzip`, Docker `tar.gzip`.
            compression: if media_type.ends_with("gzip") {
                Compression::Gzip
            } else if media_type.ends_with("zstd") {
                Compression::Zstd
            } else {
                Compression::None
            },
            tar_size: descriptor.tar_size().unwrap_or(0),
        })
    }
}

/// A written layout.
#[derive(Debug)]
pub struct Layout {
    /// The manifest's digest.
    pub digest: Digest,
    /// The number of layers that were written, not only named.
    pub written: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// The options for the blobs of a layout.
#[derive(Debug, Clone, Copy)]
pub struct Packing<'a> {
    /// How to compress layers; `None` keeps compressed ones unchanged, and compresses others with gzip.
    pub compress: Option<Compress>,
    /// Whether to publish the image's own manifest even if layers are not compressed.
    pub as_is: bool,
    /// The blobs of layers that are not to be written, by diff_id.
    pub stored: &'a BTreeMap<Digest, Stored>,
}

impl Layout {
    /// Writes an image into a folder, which may be missing. The manifest and the blobs stay as stored if that form was
    /// requested. `passed` gets the number of layer bytes that were read.
    pub fn write(
        stack: &Stack,
        folder: &Utf8Path,
        packing: Packing,
        mut passed: impl FnMut(u64),
    ) -> Result<Self, Error> {
        let blobs = folder.join(BLOBS);
        fs::create_dir_all(&blobs).map_err(write_error)?;
        let image = stack.image();
        let manifest = packing.kept(stack);
        let mut known: BTreeMap<Digest, Blob> = BTreeMap::new();
        let (mut written, mut bytes) = (0, 0);
        let mut allowance = Allowance::default();
        for (index, diff_id) in stack.diff_ids().iter().enumerate() {
            if known.contains_key(diff_id) {
                continue;
            }
            let stored = packing.stored.get(diff_id).map(|Stored(blob)| *blob);
            let named = manifest.map(|manifest| manifest.layers[index].digest);
            let blob = match stored.filter(|blob| named.is_none_or(|named| named == blob.digest)) {
                Some(blob) => blob,
                None => {
                    let blob = write_layer(stack, index, &blobs, packing, &mut passed)?;
                    if blob.compression != Compression::None
                        && !allowance.charge(blob.size, blob.tar_size)
                    {
                        return Err(stack.archive().source.blame.unreadable());
                    }
                    written += 1;
                    bytes += blob.size;
                    blob
                }
            };
            known.insert(*diff_id, blob);
        }
        let layers = stack.diff_ids().iter().filter_map(|id| known.get(id));
        let layers: Vec<_> = layers.copied().collect();
        let (media_type, bytes_of) = match manifest {
            Some(manifest) => (&*manifest.media_type, manifest.bytes.clone()),
            None => (MANIFEST, form::manifest(&image.config.bytes, &layers)),
        };
        let digest = digest_of(&bytes_of);
        let write = |path: Utf8PathBuf, bytes: &[u8]| fs::write(path, bytes).map_err(write_error);
        write(blobs.join(image.image_id.hex()), &image.config.bytes)?;
        write(blobs.join(digest.hex()), &bytes_of)?;
        write(folder.join("oci-layout"), form::LAYOUT_FILE)?;
        let listed = vec![form::listed(media_type, &bytes_of)];
        write(folder.join("index.json"), &form::index(&listed))?;
        Ok(Self {
            digest,
            written,
            bytes,
        })
    }
}

impl Packing<'_> {
    /// The image's own manifest, if it is published byte for byte: no layer changes, and the stored blobs match it.
    fn kept<'s>(&self, stack: &'s Stack) -> Option<&'s StoredManifest> {
        let manifest = stack.image().manifest.as_ref()?;
        let mut layers = manifest.layers.iter().enumerate();
        let is_kept = layers.all(|(index, named)| {
            let blob = stack.blob(index);
            let is_packed = self.as_is || blob.compression != Compression::None;
            self.compress.is_none() && is_packed && blob.digest == named.digest
        });
        is_kept.then_some(manifest)
    }

    /// The new compression of a layer, if it changes.
    fn of(&self, compression: Compression) -> Option<Compress> {
        let is_packed = self.as_is || compression != Compression::None;
        self.compress.or((!is_packed).then_some(Compress::Gzip))
    }
}

/// Writes the blob of a layer, and renames it after it is complete and checked.
fn write_layer(
    stack: &Stack,
    index: usize,
    blobs: &Utf8Path,
    packing: Packing,
    passed: &mut dyn FnMut(u64),
) -> Result<Blob, Error> {
    let path = blobs.join(PARTIAL);
    let mut file = BufWriter::new(File::create(&path).map_err(write_error)?);
    let (archive, image, place) = stack.get(index)?;
    let mut reader = LayerReader::new(&archive.source);
    let blob = match packing.of(image.layers[place].compression) {
        Some(compress) => encode(&mut reader, image, place, compress, &mut file, passed)?,
        None => {
            let mut counting = Counting {
                out: &mut file,
                passed,
            };
            reader.copy_stored(image, place, &mut counting)?
        }
    };
    file.flush().map_err(write_error)?;
    fs::rename(&path, blobs.join(blob.digest.hex())).map_err(write_error)?;
    Ok(blob)
}

fn encode(
    reader: &mut LayerReader,
    image: &Image,
    index: usize,
    compress: Compress,
    out: &mut impl Write,
    passed: &mut dyn FnMut(u64),
) -> Result<Blob, Error> {
    let encoder = compress.encoder(Hashing::new(out));
    let mut counting = Counting {
        out: encoder.map_err(write_error)?,
        passed,
    };
    let tar_size = reader.copy(image, index, &mut counting)?;
    let hashing = counting.out.finish().map_err(write_error)?;
    let (digest, size) = hashing.finish();
    Ok(Blob {
        digest,
        size,
        compression: compress.compression(),
        tar_size,
    })
}

/// A writer that reports the number of bytes.
struct Counting<'a, W> {
    out: W,
    passed: &'a mut dyn FnMut(u64),
}

impl<W: Write> Write for Counting<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        (self.passed)(written as u64);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests;
