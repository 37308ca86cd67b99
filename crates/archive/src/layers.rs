//! Layers as uncompressed tars, in whatever order costs least.

use std::collections::BTreeSet;
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::FileExt;

use naming::Digest;

use crate::archive::{Archive, Image, Layer};
use crate::compose::copy;
use crate::decode::{Compression, Decoded, skip};
use crate::error::Blame;
use crate::error::Error;
use crate::growth::{Allowance, Excess};
use crate::hash::Hashing;
use crate::member::Pass;
use crate::source::{CHUNK, Piped, Slice, Source};
use crate::stack::{Place, Stack};

impl Archive {
    /// Reads every byte of an image and checks it along the chain: the config was checked when the
    /// archive was opened, each layer is hashed against its diff_id now. A compressed archive is
    /// decompressed once more. Layers that a thin archive leaves out are not looked for.
    pub fn verify(&self, image: &Image) -> Result<(), Error> {
        self.verify_into(image, &mut io::sink())
    }

    /// As [`Self::verify`], with the uncompressed bytes going to `out` as they are read: layer by layer, in no
    /// particular order. Where `out` fails, the end is [`Error::Write`].
    pub fn verify_into(&self, image: &Image, out: &mut impl Write) -> Result<(), Error> {
        let mut layers = LayerReader::new(&self.source);
        for index in self.cheapest_order(image) {
            layers.copy(image, index, out)?;
        }
        Ok(())
    }

    /// The indexes of an image's layers in the order in which they are best read: as they stand in
    /// a compressed archive, whose stream can only be read forward; lowest first otherwise. Without
    /// those that are left out.
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

impl Stack {
    /// Reads the layers that a thin archive leaves to the images below it, and checks each as
    /// [`Archive::verify`] does. Those of images that `known` is true of are not read: somebody else does
    /// that. The uncompressed bytes go to `out`; where it fails, the end is [`Error::Write`].
    pub fn verify_left_out(
        &self,
        known: impl Fn(&Archive, &Image) -> bool,
        out: &mut impl Write,
    ) -> Result<(), Error> {
        let layers = self.image().layers.iter().filter(|layer| layer.left_out);
        let mut needed: BTreeSet<Digest> = layers.map(|layer| layer.diff_id).collect();
        let below = self
            .upward()
            .filter(|(_, image)| !std::ptr::eq(*image, self.image()));
        for (archive, image) in below {
            let known = known(archive, image);
            let mut layers = LayerReader::new(&archive.source);
            for index in archive.cheapest_order(image) {
                if needed.remove(&image.layers[index].diff_id) && !known {
                    layers.copy(image, index, out)?;
                }
            }
        }
        match self.lacks() {
            Some(layer) => Err(self.left_out(layer)),
            None => Ok(()),
        }
    }

    /// Hands each layer that is wanted to `work`, as its uncompressed tar, in the order that costs least: every
    /// compressed stream is read once.
    pub(crate) fn read_each(
        &self,
        wanted: impl Fn(usize) -> bool,
        mut work: impl FnMut(usize, &mut dyn Pass, &Blame) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let layers = (0..self.diff_ids().len()).filter(|layer| wanted(*layer));
        let places = layers.map(|layer| Ok((layer, self.get(layer)?)));
        let mut places = places.collect::<Result<Vec<_>, Error>>()?;
        places.sort_by_key(|(layer, place)| (self.height(place), self.depth(place), *layer));
        let mut reader: Option<LayerReader> = None;
        for (layer, (archive, image, index)) in places {
            let source = &archive.source;
            let reader = match &mut reader {
                Some(reader) if std::ptr::eq(reader.source, source) => reader,
                other => other.insert(LayerReader::new(source)),
            };
            reader.read(image, index, |tar| work(layer, tar, &source.blame))?;
        }
        Ok(())
    }

    /// How many of the archives are below the one of a layer.
    fn height(&self, (archive, ..): &Place) -> usize {
        let below = self.upward();
        below
            .take_while(|(other, _)| !std::ptr::eq(*other, *archive))
            .count()
    }

    /// Where a layer begins in an archive that can only be read forward.
    fn depth(&self, (archive, image, index): &Place) -> u64 {
        match archive.source.compression {
            Compression::None => 0,
            _ => image.layers[*index].offset,
        }
    }
}

/// The longest gzip layer whose trailer is believed, in bytes: longer ones may become 4 GiB and more.
const MAX_TRUSTED: u64 = 512 << 20;

/// Reads layers of one archive. Of a compressed archive it keeps the stream, so that layers read in
/// the order of their places take one pass altogether.
pub(crate) struct LayerReader<'a> {
    source: &'a Source,
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

    /// Copies the uncompressed bytes of a layer to `out` and then checks their digest. Returns how
    /// many there were.
    pub(crate) fn copy(
        &mut self,
        image: &Image,
        index: usize,
        out: &mut impl Write,
    ) -> Result<u64, Error> {
        // Whoever reads on behind what the manifest says may read for long, and for nothing.
        let most = image.layers[index].tar_size();
        self.copy_at_most(image, index, most, out)
    }

    /// The same for a layer that should have `size` bytes.
    pub(crate) fn copy_sized(
        &mut self,
        image: &Image,
        index: usize,
        size: u64,
        out: &mut impl Write,
    ) -> Result<(), Error> {
        match self.copy_at_most(image, index, Some(size), out)? {
            read if read == size => Ok(()),
            _ => Err(self.not_sized(image, index, "fewer", size)),
        }
    }

    fn copy_at_most(
        &mut self,
        image: &Image,
        index: usize,
        most: Option<u64>,
        out: &mut impl Write,
    ) -> Result<u64, Error> {
        let most = most.unwrap_or(u64::MAX - 1);
        let layer = &image.layers[index];
        let place = format!("layer {} of {}", index + 1, image.layers.len());
        let blame = &self.source.blame;
        let sized = self.read(image, index, |decoded| {
            let mut hashing = Hashing::new(decoded.take(most + 1));
            let copied = copy(&mut hashing, out, blame).map_err(|error| error.inside(&place))?;
            Ok((copied <= most).then(|| hashing.finish()))
        })?;
        let (found, count) = sized.ok_or_else(|| self.not_sized(image, index, "more", most))?;
        if found != layer.diff_id {
            return Err(blame.mismatch(place, layer.diff_id, found));
        }
        Ok(count)
    }

    /// Hands the uncompressed bytes of a layer to `work`. Those of a plain one can be passed over without being read.
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
        // A compressed archive's members are bounded by its file, or a bomb could hold a larger one.
        let length = layer.stored_size.min(self.source.size);
        let most = self.allowance.most(length, layer.said);
        if layer.compression != Compression::None && layer.said.is_some_and(|said| said > most) {
            let place = format!("layer {} of {}", index + 1, image.layers.len());
            return Err(blame.read(Excess::Length(most).into()).inside(&place));
        }
        let stored = BufReader::with_capacity(CHUNK, self.stored(layer)?);
        let decoded = layer.compression.decode(stored, most);
        let mut decoded = Piped(decoded.map_err(|error| blame.read(error))?);
        let worked = work(&mut decoded);
        let became = decoded.0.became();
        drop(decoded);
        if layer.compression != Compression::None {
            self.allowance.charge(length, became);
        }
        worked
    }

    /// The uncompressed length of a layer, found by reading it where it is not known.
    pub(crate) fn tar_size(&mut self, image: &Image, index: usize) -> Result<u64, Error> {
        let layer = &image.layers[index];
        if let Some(size) = layer.tar_size() {
            return Ok(size);
        }
        let blame = &self.source.blame;
        self.read(image, index, |decoded| {
            copy(&mut *decoded, &mut io::sink(), blame).map_err(|error| {
                error.inside(&format!("layer {} of {}", index + 1, image.layers.len()))
            })
        })
    }

    /// As [`Self::tar_size`], or else the length that a gzip stream ends with (RFC 1952, `ISIZE`). It counts the last
    /// member alone, modulo 4 GiB.
    pub(crate) fn likely_tar_size(&mut self, image: &Image, index: usize) -> Result<u64, Error> {
        let layer = &image.layers[index];
        let is_sure = layer.tar_size().is_some();
        let is_gzip =
            (self.source.compression, layer.compression) == (Compression::None, Compression::Gzip);
        let mut trailer = [0; 4];
        if !is_sure && is_gzip && (4..=MAX_TRUSTED).contains(&layer.stored_size) {
            let place = layer.offset + layer.stored_size - 4;
            let read = self.source.file.read_exact_at(&mut trailer, place);
            read.map_err(|error| self.source.blame.read(error))?;
        }
        // The last of several members is most often shorter than all of them compressed; it may be empty.
        match u64::from(u32::from_le_bytes(trailer)) {
            size if size > layer.stored_size => Ok(size),
            _ => self.tar_size(image, index),
        }
    }

    /// The error for a layer that has not as many bytes as it should.
    fn not_sized(&self, image: &Image, index: usize, comparison: &str, size: u64) -> Error {
        let place = format!("layer {} of {}", index + 1, image.layers.len());
        let blame = &self.source.blame;
        match image.layers[index].tar_size() {
            Some(_) => blame.damaged(format!(
                "{place} has {comparison} than the {size} bytes that its manifest states"
            )),
            None => blame.unexpected_length(place, size),
        }
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
