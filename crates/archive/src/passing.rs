//! The bytes of a layer on their way to a writer, as they are stored, and decompressed on the way: once, to check what they
//! become.

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

/// A layer that passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Passed {
    /// The digest of the uncompressed layer.
    pub diff_id: Digest,
    /// Its bytes as they were stored.
    pub blob: Blob,
}

/// The bytes of a layer as they are stored.
pub(crate) struct StoredLayer<R> {
    pub bytes: R,
    pub decoding: Decoding,
}

/// How a layer is decompressed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decoding {
    pub compression: Compression,
    /// How many bytes it may become.
    pub most: u64,
    /// How many bytes it should become: of more, only the first is read.
    pub said: Option<u64>,
}

impl<R: Read> StoredLayer<R> {
    /// Copies the bytes to `out`, and hands the uncompressed ones to `look`, which may read them or not. Errors of reading are
    /// the fault of `blame`.
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
            // What ended the stream counts, not that it ended.
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

/// The digest and the length of what a stream becomes, and what `look` made of it.
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
