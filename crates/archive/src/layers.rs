//! Reads layers as uncompressed tars, in the cheapest order.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};

use naming::Digest;

use crate::archive::{Archive, Image, Layer};
use crate::compose::copy;
use crate::decode::{Compression, Decoded, skip};
use crate::error::Blame;
use crate::error::Error;
use crate::form::Blob;
use crate::growth::{Allowance, Excess};
use crate::hash::digest_reader;
use crate::member::Pass;
use crate::passing::{Decoding, Passed, StoredLayer};
use crate::source::{CHUNK, Piped, Slice, Source};

impl Archive {
    /// Reads every byte of an image and checks the digests. The config was checked when the archive was opened; now
    /// each layer is compared with its diff_id. A compressed archive is decompressed once more. Layers that a thin
    /// archive leaves out are skipped.
    pub fn verify(&self, image: &Image) -> Result<(), Error> {
        self.verify_into(image, &mut io::sink())
    }

    /// Like [`Self::verify`], and writes the uncompressed bytes to `out`, layer by layer, in any order. If `out` fails,
    /// the result is [`Error::Write`].
    pub fn verify_into(&self, image: &Image, out: &mut impl Write) -> Result<(), Error> {
        let mut layers = LayerReader::new(&self.source);
        for index in self.cheapest_order(image) {
            layers.copy(image, index, out)?;
        }
        Ok(())
    }

    /// The indexes of an image's layers in the order in which they are best read. In a compressed archive this is the
    /// order of the stream, since it can only be read forward. Otherwise the lowest layer is first. Skips left-out
    /// layers.
    pub(crate) fn cheapest_order(&self, image: &Image) -> Vec<usize> {
        let layers = image.layers.iter().enumerate();
        let mut order: Vec<usize> = layers
            .filter_map(|(index, layer)| (!layer.left_out).then_some(index))
            .collect();
        if self.source.compression != Compression::None {
            order.sort_by_key(|index| image.layers[*index].offset);
        }
        order
    }
}

/// The name of a layer in errors.
pub(crate) fn place(image: &Image, index: usize) -> String {
    format!("layer {} of {}", index + 1, image.layers.len())
}

/// Checks a layer that was read against the digests in config and manifest.
pub(crate) fn check(
    layer: &Layer,
    passed: Passed,
    place: &str,
    blame: &Blame,
) -> Result<(), Error> {
    if passed.diff_id != layer.diff_id {
        return Err(blame.mismatch(place, layer.diff_id, passed.diff_id));
    }
    match layer.blob {
        Some(blob) if blob != passed.blob.digest => {
            Err(blame.mismatch(format!("the blob of {place}"), blob, passed.blob.digest))
        }
        _ => Ok(()),
    }
}

/// Reads layers of one archive. Keeps the stream of a compressed archive, so that layers in the order of their offsets
/// need only one pass.
pub(crate) struct LayerReader<'a> {
    pub(crate) source: &'a Source,
    stream: Option<(Decoded<'a>, u64)>,
    allowance: Allowance,
}

impl<'a> LayerReader<'a> {
    pub(crate) fn new(source: &'a Source) -> Self {
        Self {
            source,
            stream: None,
            allowance: Allowance::default(),
        }
    }

    /// Copies the uncompressed bytes of a layer to `out`, checks them, and returns their number.
    pub(crate) fn copy(
        &mut self,
        image: &Image,
        index: usize,
        out: &mut impl Write,
    ) -> Result<u64, Error> {
        let blame = &self.source.blame;
        let passed = self.pass(image, index, io::sink(), |tar| {
            copy(tar, out, blame).map(drop)
        });
        Ok(passed?.blob.tar_size)
    }

    /// The same for a layer that should have `size` bytes.
    pub(crate) fn copy_sized(
        &mut self,
        image: &Image,
        index: usize,
        size: u64,
        out: &mut impl Write,
    ) -> Result<(), Error> {
        match self.copy(image, index, out)? {
            read if read == size => Ok(()),
            read => Err(self.not_sized(image, index, read, size)),
        }
    }

    /// Copies a stored layer to `out`, and checks it. Decompresses it once.
    pub(crate) fn copy_stored(
        &mut self,
        image: &Image,
        index: usize,
        out: &mut impl Write,
    ) -> Result<Blob, Error> {
        Ok(self.pass(image, index, out, |_| Ok(()))?.blob)
    }

    /// Copies a stored layer to `out`, passes the uncompressed bytes to `look`, and checks all known digests and
    /// lengths.
    fn pass(
        &mut self,
        image: &Image,
        index: usize,
        out: impl Write,
        look: impl FnOnce(&mut dyn Pass) -> Result<(), Error>,
    ) -> Result<Passed, Error> {
        let blame = &self.source.blame;
        let place = place(image, index);
        let (passed, ()) = self.read_stored(image, index, |stored| {
            let passed = stored.copy_to(out, blame, look);
            passed.map_err(|error| error.inside(&place))
        })?;
        let layer = &image.layers[index];
        if let Some(said) = layer.tar_size()
            && said != passed.blob.tar_size
        {
            return Err(self.not_sized(image, index, passed.blob.tar_size, said));
        }
        check(layer, passed, &place, blame)?;
        Ok(passed)
    }

    /// The file of a stored layer, and its offset there; `None` inside a compressed archive.
    pub(crate) fn seekable(&self, image: &Image, index: usize) -> Option<(&'a File, u64)> {
        let source = self.source;
        let is_plain = source.compression == Compression::None;
        is_plain.then(|| (&source.file, image.layers[index].offset))
    }

    /// The digest of a layer's stored bytes. Reads them if it is unknown.
    pub(crate) fn blob(&mut self, image: &Image, index: usize) -> Result<Digest, Error> {
        if let Some(blob) = image.layers[index].blob {
            return Ok(blob);
        }
        let source = self.source;
        let stored = self.stored(&image.layers[index])?;
        digest_reader(stored).map_err(|error| source.blame.read(error))
    }

    /// Passes the stored bytes of a layer to `work`.
    pub(crate) fn read_stored<T>(
        &mut self,
        image: &Image,
        index: usize,
        work: impl FnOnce(StoredLayer<&mut dyn Read>) -> Result<(Passed, T), Error>,
    ) -> Result<(Passed, T), Error> {
        let layer = &image.layers[index];
        let most = self.most(image, index)?;
        let worked = work(StoredLayer {
            bytes: &mut self.stored(layer)?,
            decoding: Decoding {
                compression: layer.compression,
                most,
                said: layer.said,
            },
        })?;
        if layer.compression != Compression::None {
            self.allowance
                .charge(self.length(layer), worked.0.blob.tar_size);
        }
        Ok(worked)
    }

    /// Passes the uncompressed bytes of a layer to `work`. The bytes of an uncompressed layer can be skipped without a
    /// read.
    pub(crate) fn read<T>(
        &mut self,
        image: &Image,
        index: usize,
        work: impl FnOnce(&mut dyn Pass) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let layer = &image.layers[index];
        let blame = &self.source.blame;
        if (self.source.compression, layer.compression) == (Compression::None, Compression::None) {
            return work(&mut Slice::new(
                &self.source.file,
                layer.offset,
                layer.stored_size,
            ));
        }
        let most = self.most(image, index)?;
        let stored = BufReader::with_capacity(CHUNK, self.stored(layer)?);
        let decoded = layer.compression.decode(stored, most);
        let mut decoded = Piped(decoded.map_err(|error| blame.read(error))?);
        let worked = work(&mut decoded);
        let became = decoded.0.became();
        drop(decoded);
        if layer.compression != Compression::None {
            self.allowance.charge(self.length(layer), became);
        }
        worked
    }

    /// The stored length of a layer. The file's length limits the members of a compressed archive, since a bomb could hold a
    /// larger one.
    fn length(&self, layer: &Layer) -> u64 {
        layer.stored_size.min(self.source.size)
    }

    /// The largest allowed length of a layer; an error if its manifest states more.
    fn most(&self, image: &Image, index: usize) -> Result<u64, Error> {
        let layer = &image.layers[index];
        let most = self.allowance.most(self.length(layer), layer.said);
        if layer.compression != Compression::None && layer.said.is_some_and(|said| said > most) {
            let error = self.source.blame.read(Excess::Length(most).into());
            return Err(error.inside(&place(image, index)));
        }
        Ok(most)
    }

    /// The uncompressed length of a layer. Reads the layer if it is unknown.
    pub(crate) fn tar_size(&mut self, image: &Image, index: usize) -> Result<u64, Error> {
        let layer = &image.layers[index];
        if let Some(size) = layer.tar_size() {
            return Ok(size);
        }
        let blame = &self.source.blame;
        self.read(image, index, |decoded| {
            copy(&mut *decoded, &mut io::sink(), blame)
                .map_err(|error| error.inside(&place(image, index)))
        })
    }

    /// The error for a layer whose length differs from the stated one.
    fn not_sized(&self, image: &Image, index: usize, became: u64, size: u64) -> Error {
        let place = place(image, index);
        let comparison = if became < size { "fewer" } else { "more" };
        self.source.blame.damaged(format!(
            "{place} has {comparison} than the {size} bytes that its manifest states"
        ))
    }

    fn stored(&mut self, layer: &Layer) -> Result<Stored<'_, 'a>, Error> {
        if self.source.compression == Compression::None {
            return Ok(Stored::Plain(Slice::new(
                &self.source.file,
                layer.offset,
                layer.stored_size,
            )));
        }
        let (mut stream, mut position) = match self.stream.take() {
            Some((stream, position)) if position <= layer.offset => (stream, position),
            _ => (self.source.stream()?, 0),
        };
        position += skip(&mut stream, layer.offset - position)
            .map_err(|error| self.source.blame.read(error))?;
        let (stream, position) = self.stream.insert((stream, position));
        Ok(Stored::Stream {
            stream,
            position,
            left: layer.stored_size,
        })
    }
}

/// The stored bytes of a layer.
enum Stored<'a, 'b> {
    Plain(Slice<'a>),
    Stream {
        stream: &'a mut Decoded<'b>,
        position: &'a mut u64,
        left: u64,
    },
}

impl Read for Stored<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(slice) => slice.read(buffer),
            Self::Stream {
                stream,
                position,
                left,
            } => {
                let most = usize::try_from(*left)
                    .unwrap_or(usize::MAX)
                    .min(buffer.len());
                let read = stream.read(&mut buffer[..most])?;
                if read == 0 && most > 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                **position += read as u64;
                *left -= read as u64;
                Ok(read)
            }
        }
    }
}
