//! Layers on their way into an archive's file.
//!
//! A layer's digest, its length and, compressed, its blob's are known only when its last byte has passed.
//! So each goes to disk behind room for a header, which is written afterwards. Where somebody knows before what a
//! layer is going to be, its header is written first, and the archive's own digest follows the layer's bytes;
//! otherwise it follows when the layer is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;

use naming::Digest;

use crate::compose::{copy, write_error};
use crate::compress::Compress;
use crate::describe::blob_name;
use crate::error::{Blame, Error};
use crate::form::Blob;
use crate::hash::Hashing;
use crate::headers::BLOCK;
use crate::overlay::{Overlay, Tee};
use crate::source::CHUNK;
use crate::trail::Trail;
use crate::writer;

/// What is written at once at least. Chunks as they come from an engine are larger and go past the buffer.
const BUFFER: usize = 32 * 1024;

/// Which files of a layer are looked at later: their bytes are kept where the layer is compressed.
pub type Keep<'a> = &'a dyn Fn(&str) -> bool;

/// An archive's file that layers are written to.
pub(crate) struct LayerFile<'a> {
    out: BufWriter<&'a mut File>,
    compress: Compress,
    keep: Keep<'a>,
    /// Layers that are left to a base.
    left_out: &'a BTreeSet<Digest>,
    /// Where the next layer goes.
    end: u64,
    placed: Vec<Placed>,
    /// Layers that passed and were left out, with their lengths.
    passed: BTreeMap<Digest, u64>,
    /// Who computes the archive's digest.
    trail: Option<Trail>,
}

/// What a layer is expected to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Foreseen {
    pub diff_id: Digest,
    /// The uncompressed length.
    pub tar_size: u64,
}

/// A layer that is on disk.
struct Placed {
    diff_id: Digest,
    blob: Blob,
    /// Where its header is.
    start: u64,
    overlay: Option<Overlay>,
}

/// The layers of an image, on disk.
#[derive(Debug, Default)]
pub(crate) struct Layers {
    /// By diff_id; also those that are left out.
    pub blobs: BTreeMap<Digest, Blob>,
    /// The files of compressed layers.
    pub overlays: BTreeMap<Digest, Overlay>,
    /// Where the layers end.
    pub end: u64,
    /// Whoever has read the file up to there.
    pub trail: Option<Trail>,
}

impl<'a> LayerFile<'a> {
    pub(crate) fn new(
        out: &'a mut File,
        compress: Compress,
        left_out: &'a BTreeSet<Digest>,
        keep: Keep<'a>,
    ) -> Self {
        // Without it the digest is computed at the end.
        let trail = Trail::start(out).ok();
        Self {
            out: BufWriter::with_capacity(BUFFER, out),
            compress,
            keep,
            left_out,
            end: 0,
            placed: Vec::new(),
            passed: BTreeMap::new(),
            trail,
        }
    }

    /// Whether a layer was added or left out before.
    pub(crate) fn has(&self, diff_id: Digest) -> bool {
        self.passed.contains_key(&diff_id)
            || self.placed.iter().any(|layer| layer.diff_id == diff_id)
    }

    /// Adds an uncompressed layer, and returns its diff_id. One that is left out, or was there before,
    /// leaves nothing: what comes next goes over it.
    pub(crate) fn add(
        &mut self,
        layer: impl Read,
        foreseen: Option<Foreseen>,
        blame: &Blame,
        place: &str,
    ) -> Result<Digest, Error> {
        let start = self.end;
        let foreseen = foreseen.filter(|foreseen| self.stays(foreseen.diff_id));
        match foreseen {
            Some(foreseen) => self.header(start, foreseen.diff_id, foreseen.tar_size)?,
            None => self.seek(start + BLOCK)?,
        }
        let mut hashing = Hashing::new(layer);
        let (written, overlay) = self
            .encode(&mut hashing, foreseen.is_some(), blame)
            .map_err(|error| error.inside(place))?;
        let (diff_id, tar_size) = hashing.finish();
        let as_foreseen = foreseen == Some(Foreseen { diff_id, tar_size });
        if foreseen.is_some() && !as_foreseen {
            self.trail = None;
        }
        if self.left_out.contains(&diff_id) {
            self.passed.insert(diff_id, tar_size);
            return Ok(diff_id);
        }
        if self.has(diff_id) {
            return Ok(diff_id);
        }
        let (digest, size) = written.unwrap_or((diff_id, tar_size));
        writer::pad(&mut self.out, size).map_err(write_error)?;
        self.end = self.out.stream_position().map_err(write_error)?;
        if !as_foreseen {
            self.header(start, digest, size)?;
        }
        self.out.flush().map_err(write_error)?;
        if let Some(trail) = &self.trail {
            trail.advance(self.end);
        }
        let blob = Blob {
            digest,
            size,
            compression: self.compress.compression(),
            tar_size,
        };
        self.placed.push(Placed {
            diff_id,
            blob,
            start,
            overlay,
        });
        Ok(diff_id)
    }

    /// Whether a layer is going to be in the archive under its diff_id.
    fn stays(&self, diff_id: Digest) -> bool {
        let kept = !self.left_out.contains(&diff_id) && !self.has(diff_id);
        self.compress == Compress::None && kept
    }

    fn seek(&mut self, to: u64) -> Result<(), Error> {
        let sought = self.out.seek(SeekFrom::Start(to));
        sought.map(drop).map_err(write_error)
    }

    /// Writes the header of a blob.
    fn header(&mut self, at: u64, digest: Digest, size: u64) -> Result<(), Error> {
        self.seek(at)?;
        let header = writer::file_header(&blob_name(digest), size).map_err(write_error)?;
        self.out.write_all(header.as_bytes()).map_err(write_error)
    }

    /// Writes the bytes of a layer. Compressed, they have a digest and a length of their own, and their
    /// files are listed on the way: reading them again would mean decompressing them.
    #[expect(
        clippy::type_complexity,
        reason = "both parts are named where they are used"
    )]
    fn encode(
        &mut self,
        layer: &mut impl Read,
        is_final: bool,
        blame: &Blame,
    ) -> Result<(Option<(Digest, u64)>, Option<Overlay>), Error> {
        if self.compress == Compress::None {
            let trail = self.trail.as_ref().filter(|_| is_final);
            let mut out = Trailed {
                out: &mut self.out,
                end: self.end + BLOCK,
                trail,
            };
            copy(layer, &mut out, blame)?;
            return Ok((None, None));
        }
        let hashing = Hashing::new(&mut self.out);
        let mut encoder = self.compress.encoder(hashing).map_err(write_error)?;
        let mut tee = Tee::new(layer, &mut encoder);
        // A layer that is no whole tar has no list of files; whoever wants one hears why.
        let overlay = Overlay::scan(&mut tee, self.keep).ok();
        tee.finish(blame)?;
        let hashing = encoder.finish().map_err(write_error)?;
        Ok((Some(hashing.finish()), overlay))
    }

    /// Ends the file behind the layers of these diff_ids; others leave no gap. All must have been added.
    pub(crate) fn finish(mut self, diff_ids: &[Digest]) -> Result<Layers, Error> {
        self.out.flush().map_err(write_error)?;
        let mut layers = Layers::default();
        for (diff_id, size) in self.passed {
            layers.blobs.insert(diff_id, Blob::plain(diff_id, size));
        }
        for layer in self.placed {
            if !diff_ids.contains(&layer.diff_id) {
                self.trail = None;
                continue;
            }
            let length = BLOCK + layer.blob.size.next_multiple_of(BLOCK);
            move_down(self.out.get_ref(), layer.start, layers.end, length).map_err(write_error)?;
            layers.end += length;
            layers.blobs.insert(layer.diff_id, layer.blob);
            if let Some(overlay) = layer.overlay {
                layers.overlays.insert(layer.diff_id, overlay);
            }
        }
        layers.trail = self.trail;
        Ok(layers)
    }
}

/// A writer whose bytes are read again as soon as they are in the file.
struct Trailed<'o, 'a> {
    out: &'o mut BufWriter<&'a mut File>,
    /// Where the next byte goes.
    end: u64,
    trail: Option<&'o Trail>,
}

impl Write for Trailed<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.end += written as u64;
        if let Some(trail) = self.trail {
            trail.advance(self.end - self.out.buffer().len() as u64);
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

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
