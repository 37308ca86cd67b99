//! Reads the layers of a stack from all its archives, in the cheapest order.

use std::collections::BTreeSet;
use std::io::Write;

use naming::Digest;

use crate::archive::{Archive, Image};
use crate::decode::Compression;
use crate::error::{Blame, Error};
use crate::layers::LayerReader;
use crate::member::Pass;
use crate::stack::{Place, Stack};

impl Stack {
    /// Reads the layers that a thin archive leaves to the images below it, and checks each like [`Archive::verify`].
    /// Skips those of images that `known` accepts: the caller verifies them separately. The uncompressed bytes go to
    /// `out`. If `out` fails, the result is [`Error::Write`].
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

    /// Passes each wanted layer to `work`, as its uncompressed tar, in the cheapest order: every compressed stream is
    /// read once.
    pub(crate) fn read_each(
        &self,
        wanted: impl Fn(usize) -> bool,
        mut work: impl FnMut(usize, &mut dyn Pass, &Blame) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.visit(wanted, |layer, reader, image, index| {
            let blame = &reader.source.blame;
            reader.read(image, index, |tar| work(layer, tar, blame))
        })
    }

    /// Visits each wanted layer at its place, in the cheapest order.
    pub(crate) fn visit<'s>(
        &'s self,
        wanted: impl Fn(usize) -> bool,
        mut work: impl FnMut(usize, &mut LayerReader<'s>, &'s Image, usize) -> Result<(), Error>,
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
            work(layer, reader, image, index)?;
        }
        Ok(())
    }

    /// The number of archives below the archive of a layer.
    fn height(&self, (archive, ..): &Place) -> usize {
        let below = self.upward();
        below
            .take_while(|(other, _)| !std::ptr::eq(*other, *archive))
            .count()
    }

    /// The offset of a layer in an archive that can only be read forward.
    fn depth(&self, (archive, image, index): &Place) -> u64 {
        match archive.source.compression {
            Compression::None => 0,
            _ => image.layers[*index].offset,
        }
    }
}
