//! Writes layers into an archive's file.
//!
//! The digest and the length of a layer and of its blob are known only after its last byte. So each layer is written
//! behind free space for its header, which is written afterwards.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;

use naming::Digest;

use crate::compose::write_error;
use crate::compress::Compress;
use crate::decode::Compression;
use crate::describe::blob_name;
use crate::error::{Blame, Error};
use crate::form::Blob;
use crate::hash::Hashing;
use crate::headers::BLOCK;
use crate::overlay::{Overlay, Tee};
use crate::passing::{Passed, StoredLayer, copy_plain};
use crate::source::CHUNK;
use crate::writer;

/// The smallest write. Chunks from an engine are larger, and bypass the buffer.
const BUFFER: usize = 32 * 1024;

/// Selects the files of a layer that are needed later. Their bytes are kept if the layer is compressed.
pub type Keep<'a> = &'a dyn Fn(&str) -> bool;

/// An archive's file to which layers are written.
pub(crate) struct LayerFile<'a> {
    out: BufWriter<&'a mut File>,
    compress: Option<Compress>,
    keep: Keep<'a>,
    /// The layers that are left to a base, as its archive stores them.
    left_out: &'a BTreeMap<Digest, Blob>,
    /// The offset of the next layer.
    end: u64,
    placed: Vec<Placed>,
}

/// A layer that is on disk.
struct Placed {
    layer: Passed,
    /// The offset of its header.
    start: u64,
    overlay: Option<Overlay>,
}

/// The layers of an image, on disk.
#[derive(Debug, Default)]
pub(crate) struct Layers {
    /// The blobs by diff_id, including those that are left out.
    pub blobs: BTreeMap<Digest, Blob>,
    /// The files of compressed layers.
    pub overlays: BTreeMap<Digest, Overlay>,
    /// The end of the layers.
    pub end: u64,
}

impl<'a> LayerFile<'a> {
    /// `compress` is the compression of all layers; with `None` each stays as it comes.
    pub(crate) fn new(
        out: &'a mut File,
        compress: Option<Compress>,
        left_out: &'a BTreeMap<Digest, Blob>,
        keep: Keep<'a>,
    ) -> Self {
        Self {
            out: BufWriter::with_capacity(BUFFER, out),
            compress,
            keep,
            left_out,
            end: 0,
            placed: Vec::new(),
        }
    }

    /// Whether a layer was already added, or is left out.
    pub(crate) fn has(&self, diff_id: Digest) -> bool {
        self.left_out.contains_key(&diff_id)
            || self
                .placed
                .iter()
                .any(|placed| placed.layer.diff_id == diff_id)
    }

    /// Adds a layer, and returns its diff_id, and the blob as it came. A duplicate or left-out layer is overwritten by the
    /// next one.
    pub(crate) fn add(
        &mut self,
        layer: StoredLayer<impl Read>,
        blame: &Blame,
        place: &str,
    ) -> Result<Passed, Error> {
        let start = self.end;
        self.seek(start + BLOCK)?;
        let written = match (self.compress, layer.decoding.compression) {
            (None, Compression::Gzip | Compression::Zstd) => self.keep(layer, blame),
            (None | Some(Compress::None), Compression::None) => self.plain(layer, blame),
            (Some(compress), _) => self.encode(layer, compress, blame),
        };
        let (came, blob, overlay) = written.map_err(|error| error.inside(place))?;
        let diff_id = came.diff_id;
        if self.has(diff_id) {
            return Ok(came);
        }
        writer::pad(&mut self.out, blob.size).map_err(write_error)?;
        self.end = self.out.stream_position().map_err(write_error)?;
        self.seek(start)?;
        let header =
            writer::file_header(&blob_name(blob.digest), blob.size).map_err(write_error)?;
        self.out.write_all(header.as_bytes()).map_err(write_error)?;
        self.placed.push(Placed {
            layer: Passed { diff_id, blob },
            start,
            overlay,
        });
        Ok(came)
    }

    fn seek(&mut self, to: u64) -> Result<(), Error> {
        let sought = self.out.seek(SeekFrom::Start(to));
        sought.map(drop).map_err(write_error)
    }

    /// Writes a compressed layer unchanged, and lists its files on the way. To list them later, it would be decompressed
    /// again.
    fn keep(&mut self, layer: StoredLayer<impl Read>, blame: &Blame) -> Result<Written, Error> {
        let keep = self.keep;
        let (came, overlay) =
            layer.copy_to(
                &mut self.out,
                blame,
                |tar| Ok(Overlay::scan(tar, keep).ok()),
            )?;
        Ok((came, came.blob, overlay))
    }

    fn plain(&mut self, layer: StoredLayer<impl Read>, blame: &Blame) -> Result<Written, Error> {
        let (digest, size) = copy_plain(layer.bytes, &mut self.out, blame)?;
        let blob = Blob::plain(digest, size);
        let came = Passed {
            diff_id: digest,
            blob,
        };
        Ok((came, blob, None))
    }

    /// Writes a layer with another compression, and lists its files on the way.
    fn encode(
        &mut self,
        layer: StoredLayer<impl Read>,
        compress: Compress,
        blame: &Blame,
    ) -> Result<Written, Error> {
        let keep = self.keep;
        let out = Hashing::new(&mut self.out);
        let mut encoder = compress.encoder(out).map_err(write_error)?;
        let (came, overlay) = layer.copy_to(io::sink(), blame, |tar| {
            let mut tee = Tee::new(tar, &mut encoder);
            // A layer that is an incomplete tar has no list of files. A later reader of its files gets the error.
            let overlay = Overlay::scan(&mut tee, keep).ok();
            tee.finish(blame).map(|_| overlay)
        })?;
        let (digest, size) = encoder.finish().map_err(write_error)?.finish();
        let blob = Blob {
            digest,
            size,
            compression: compress.compression(),
            tar_size: came.blob.tar_size,
        };
        Ok((came, blob, overlay.filter(|_| compress != Compress::None)))
    }

    /// Ends the file after the layers of these diff_ids, without gaps for others. All of them must have been added.
    pub(crate) fn finish(mut self, diff_ids: &[Digest]) -> Result<Layers, Error> {
        self.out.flush().map_err(write_error)?;
        let mut layers = Layers {
            blobs: self.left_out.clone(),
            ..Layers::default()
        };
        for placed in self.placed {
            let Passed { diff_id, blob } = placed.layer;
            if !diff_ids.contains(&diff_id) {
                continue;
            }
            let length = BLOCK + blob.size.next_multiple_of(BLOCK);
            move_down(self.out.get_ref(), placed.start, layers.end, length).map_err(write_error)?;
            layers.end += length;
            layers.blobs.insert(diff_id, blob);
            if let Some(overlay) = placed.overlay {
                layers.overlays.insert(diff_id, overlay);
            }
        }
        Ok(layers)
    }
}

/// The layer as it came, the written blob, and its files if they were listed.
type Written = (Passed, Blob, Option<Overlay>);

/// Moves bytes inside a file towards its start.
fn move_down(file: &File, from: u64, to: u64, length: u64) -> io::Result<()> {
    if from == to {
        return Ok(());
    }
    let mut buffer = vec![0; CHUNK];
    let mut moved = 0;
    while moved < length {
        let most = usize::try_from(length - moved).unwrap_or(usize::MAX);
        let chunk = most.min(CHUNK);
        file.read_exact_at(&mut buffer[..chunk], from + moved)?;
        file.write_all_at(&buffer[..chunk], to + moved)?;
        moved += chunk as u64;
    }
    Ok(())
}
