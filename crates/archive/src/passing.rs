//! Copies the stored bytes of a layer to a writer. Decompresses them once on the way, to check the result.

use std::io::{self, BufReader, Read, Write};

use naming::Digest;

use crate::compose::copy;
use crate::decode::Compression;
use crate::error::{Blame, Error};
use crate::form::Blob;
use crate::hash::Hashing;
use crate::member::Pass;
use crate::overlay::Tee;
use crate::source::CHUNK;

/// A layer that was copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Passed {
    /// The digest of the uncompressed layer.
    pub diff_id: Digest,
    /// Its stored bytes.
    pub blob: Blob,
}

/// The stored bytes of a layer.
pub(crate) struct StoredLayer<R> {
    pub bytes: R,
    pub decoding: Decoding,
}

/// How to decompress a layer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decoding {
    pub compression: Compression,
    /// The largest allowed length.
    pub most: u64,
    /// The stated length. Of a longer layer, only one byte more is read.
    pub said: Option<u64>,
}

impl<R: Read> StoredLayer<R> {
    /// Copies the bytes to `out`, and passes the uncompressed ones to `look`, which need not read them all. `blame` is the
    /// subject of read errors.
    pub(crate) fn copy_to<T>(
        self,
        out: impl Write,
        blame: &Blame,
        look: impl FnOnce(&mut dyn Pass) -> Result<T, Error>,
    ) -> Result<(Passed, T), Error> {
        let mut raw = Tee::new(Hashing::new(self.bytes), out);
        if self.decoding.compression == Compression::None {
            let looked = match look(&mut raw) {
                Ok(looked) => looked,
                Err(error) => return raw.ended(blame).and(Err(error)),
            };
            let (digest, size) = raw.finish(blame)?.finish();
            let blob = Blob::plain(digest, size);
            return Ok((
                Passed {
                    diff_id: digest,
                    blob,
                },
                looked,
            ));
        }
        let decoded = decode(&mut raw, self.decoding, blame, look);
        let ((diff_id, tar_size), looked) = match decoded {
            Ok(decoded) => decoded,
            // The reader's or writer's own error counts, not the truncation that it caused.
            Err(error) => return raw.ended(blame).and(Err(error)),
        };
        let (digest, size) = raw.finish(blame)?.finish();
        let blob = Blob {
            digest,
            size,
            compression: self.decoding.compression,
            tar_size,
        };
        Ok((Passed { diff_id, blob }, looked))
    }
}

/// The digest and the length of the decompressed stream, and the result of `look`.
fn decode<T>(
    raw: &mut impl Read,
    decoding: Decoding,
    blame: &Blame,
    look: impl FnOnce(&mut dyn Pass) -> Result<T, Error>,
) -> Result<((Digest, u64), T), Error> {
    let raw = BufReader::with_capacity(CHUNK, raw);
    let decoded = decoding.compression.decode(raw, decoding.most);
    let decoded = decoded.map_err(|error| blame.read(error))?;
    let decoded = decoded.take(
        decoding
            .said
            .map_or(u64::MAX, |said| said.saturating_add(1)),
    );
    let mut hashing = Tee::new(Hashing::new(decoded), io::sink());
    let looked = look(&mut hashing)?;
    let hashing = hashing.finish(blame)?;
    Ok((hashing.finish(), looked))
}

/// Copies an uncompressed layer to `out`.
pub(crate) fn copy_plain(
    layer: impl Read,
    out: &mut impl Write,
    blame: &Blame,
) -> Result<(Digest, u64), Error> {
    let mut hashing = Hashing::new(layer);
    copy(&mut hashing, out, blame)?;
    Ok(hashing.finish())
}
