//! Layers as uncompressed tars, in whatever order costs least.

use std::io::{self, BufReader, Read};

use crate::archive::{Archive, Image, Layer};
use crate::decode::{Compression, skip};
use crate::error::Error;
use crate::hash::Hashing;
use crate::source::{CHUNK, Slice, Source};

impl Archive {
    /// Reads every byte of an image and checks it along the chain: the config was checked when the
    /// archive was opened, each layer is hashed against its diff_id now.
    pub fn verify(&self, image: &Image) -> Result<(), Error> {
        let mut layers = LayerReader::new(&self.source);
        for index in self.cheapest_order(image) {
            layers.read(image, index, |reader| {
                io::copy(reader, &mut io::sink())
                    .map(drop)
                    .map_err(|error| self.source.blame.read(error))
            })?;
        }
        Ok(())
    }

    /// The indexes of an image's layers in the order in which they are best read: as they stand in
    /// a compressed archive, whose stream can only be read forward; lowest first otherwise.
    pub(crate) fn cheapest_order(&self, image: &Image) -> Vec<usize> {
        let mut order: Vec<usize> = (0..image.layers.len()).collect();
        if self.source.compression != Compression::None {
            order.sort_by_key(|index| image.layers[*index].offset);
        }
        order
    }
}

/// Reads layers of one archive. Of a compressed archive it keeps the stream, so that layers read in
/// the order of their places take one pass altogether.
pub(crate) struct LayerReader<'a> {
    source: &'a Source,
    stream: Option<(Box<dyn Read + 'a>, u64)>,
}

impl<'a> LayerReader<'a> {
    pub(crate) fn new(source: &'a Source) -> Self {
        Self {
            source,
            stream: None,
        }
    }

    /// Hands the uncompressed bytes of a layer to `consume`, which must read all of them, and then
    /// checks their digest. Returns how many there were.
    pub(crate) fn read(
        &mut self,
        image: &Image,
        index: usize,
        consume: impl FnOnce(&mut dyn Read) -> Result<(), Error>,
    ) -> Result<u64, Error> {
        let layer = &image.layers[index];
        let what = || format!("layer {} of {}", index + 1, image.layers.len());
        let source = self.source;
        let mut stored = self.stored(layer)?;
        let (found, count) = {
            let decoded = layer
                .compression
                .decode(BufReader::with_capacity(CHUNK, &mut stored));
            let mut hashing = Hashing::new(decoded.map_err(|error| source.blame.read(error))?);
            consume(&mut hashing).map_err(|error| match error {
                Error::Damaged { what: why, .. } if layer.compression != Compression::None => {
                    source.blame.damaged(format!("{} {why}", what()))
                }
                other => other,
            })?;
            hashing.finish()
        };
        // A decoder may stop before the end of what is stored.
        io::copy(&mut stored, &mut io::sink()).map_err(|error| source.blame.read(error))?;
        if found != layer.diff_id {
            return Err(source.blame.mismatch(what(), layer.diff_id, found));
        }
        Ok(count)
    }

    /// The uncompressed length of a layer, found by reading it where it is not known.
    pub(crate) fn tar_size(&mut self, layer: &Layer) -> Result<u64, Error> {
        if let Some(size) = layer.tar_size() {
            return Ok(size);
        }
        let source = self.source;
        let stored = self.stored(layer)?;
        let decoded = layer
            .compression
            .decode(BufReader::with_capacity(CHUNK, stored));
        decoded
            .and_then(|mut decoded| io::copy(&mut decoded, &mut io::sink()))
            .map_err(|error| source.blame.read(error))
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

/// The bytes of a layer as they are stored.
enum Stored<'a, 'b> {
    Plain(Slice<'a>),
    Stream {
        stream: &'a mut Box<dyn Read + 'b>,
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
