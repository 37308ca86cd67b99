//! An image as an OCI layout in a folder: what tools publish from.
//!
//! The layers are compressed, each checked against its diff_id on the way. A layer that a reader has already is only
//! named: its blob is not written. The manifest is a function of the config and the blobs alone, so that an image that
//! is published twice has one digest.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};

use camino::{Utf8Path, Utf8PathBuf};
use naming::Digest;

use crate::compose::write_error;
use crate::compress::Compress;
use crate::decode::Compression;
use crate::describe::BLOBS;
use crate::error::Error;
use crate::form::{self, Blob, Written};
use crate::growth::Allowance;
use crate::hash::{Hashing, digest_of};
use crate::layers::LayerReader;
use crate::schema::Descriptor;
use crate::stack::Stack;

/// The name of a blob that is not whole yet.
const PARTIAL: &str = ".partial";

/// A layer's blob as somebody stores it.
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

/// A layout that was written.
#[derive(Debug)]
pub struct Layout {
    /// The manifest's digest.
    pub digest: Digest,
    /// How many layers were written, and not only named.
    pub written: usize,
    /// Their bytes.
    pub bytes: u64,
}

impl Layout {
    /// Writes an image into a folder, which need not be there. `stored` has the blobs of layers, by diff_id, that are not
    /// to be written. `passed` hears how many bytes of layers were read.
    pub fn write(
        stack: &Stack,
        folder: &Utf8Path,
        compress: Compress,
        stored: &BTreeMap<Digest, Stored>,
        mut passed: impl FnMut(u64),
    ) -> Result<Self, Error> {
        let blobs = folder.join(BLOBS);
        fs::create_dir_all(&blobs).map_err(write_error)?;
        let mut known: BTreeMap<Digest, Blob> = BTreeMap::new();
        let (mut written, mut bytes) = (0, 0);
        let mut allowance = Allowance::default();
        for (index, diff_id) in stack.diff_ids().iter().enumerate() {
            if known.contains_key(diff_id) {
                continue;
            }
            let blob = match stored.get(diff_id) {
                Some(Stored(blob)) => *blob,
                None => {
                    let blob = write_layer(stack, index, &blobs, compress, &mut passed)?;
                    if compress != Compress::None && !allowance.charge(blob.size, blob.tar_size) {
                        return Err(stack.archive().source.blame.unreadable());
                    }
                    written += 1;
                    bytes += blob.size;
                    blob
                }
            };
            known.insert(*diff_id, blob);
        }
        let image = stack.image();
        let layers = stack.diff_ids().iter().filter_map(|id| known.get(id));
        let document = Written {
            config: &image.config.bytes,
            layers: layers.copied().collect(),
            base: None,
            tags: &[],
        };
        let manifest = document.manifest();
        let digest = digest_of(&manifest);
        let write = |path: Utf8PathBuf, bytes: &[u8]| fs::write(path, bytes).map_err(write_error);
        write(blobs.join(image.image_id.hex()), &image.config.bytes)?;
        write(blobs.join(digest.hex()), &manifest)?;
        write(folder.join("oci-layout"), form::LAYOUT_FILE)?;
        let listed = vec![form::listed(&manifest)];
        write(folder.join("index.json"), &form::index(&listed))?;
        Ok(Self {
            digest,
            written,
            bytes,
        })
    }
}

/// Writes the blob of a layer, and gives it its name when it is whole and was checked.
fn write_layer(
    stack: &Stack,
    index: usize,
    blobs: &Utf8Path,
    compress: Compress,
    passed: &mut dyn FnMut(u64),
) -> Result<Blob, Error> {
    let path = blobs.join(PARTIAL);
    let mut file = BufWriter::new(File::create(&path).map_err(write_error)?);
    let blob = encode(stack, index, compress, &mut file, passed)?;
    file.flush().map_err(write_error)?;
    fs::rename(&path, blobs.join(blob.digest.hex())).map_err(write_error)?;
    Ok(blob)
}

fn encode(
    stack: &Stack,
    index: usize,
    compress: Compress,
    out: &mut impl Write,
    passed: &mut dyn FnMut(u64),
) -> Result<Blob, Error> {
    let (archive, image, place) = stack.get(index)?;
    let encoder = compress.encoder(Hashing::new(out));
    let mut counting = Counting {
        out: encoder.map_err(write_error)?,
        passed,
    };
    let tar_size = LayerReader::new(&archive.source).copy(image, place, &mut counting)?;
    let hashing = counting.out.finish().map_err(write_error)?;
    let (digest, size) = hashing.finish();
    Ok(Blob {
        digest,
        size,
        compression: compress.compression(),
        tar_size,
    })
}

/// A writer that says how much passes.
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
