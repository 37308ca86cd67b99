//! Finds layers that are in several archives.
//!
//! Uncompressed layers are compared, by their diff_ids: two archives with different compressions share a layer. Two
//! entries of one file share nothing with each other. A thin archive shares its omitted layers with its base.

use std::collections::{HashMap, HashSet};

use camino::Utf8Path;
use naming::Digest;

use crate::sight::Sight;

/// The entries with each layer. Entries are identified by their position in the registry.
#[derive(Debug)]
pub(crate) struct Sharing<'a> {
    sights: &'a [Sight],
    holders: HashMap<Digest, Holders>,
    /// The entries of each file.
    of_file: HashMap<Option<&'a Utf8Path>, Vec<usize>>,
}

#[derive(Debug, Default)]
struct Holders {
    entries: Vec<usize>,
    /// The largest number of bytes that one of them stores it in.
    stored: u64,
}

impl<'a> Sharing<'a> {
    pub(crate) fn of(sights: &'a [Sight]) -> Self {
        let mut holders: HashMap<Digest, Holders> = HashMap::new();
        let mut of_file: HashMap<_, Vec<_>> = HashMap::new();
        for (entry, sight) in sights.iter().enumerate() {
            let file = sight.absolute.as_deref();
            of_file.entry(file).or_default().push(entry);
            let own = sight.image.iter().flat_map(|image| &image.layers);
            let own = own.map(|layer| (layer.diff_id, layer.stored));
            for (diff_id, stored) in sight.holds.iter().copied().chain(own) {
                let holders = holders.entry(diff_id).or_default();
                if holders.entries.last() != Some(&entry) {
                    holders.entries.push(entry);
                }
                holders.stored = holders.stored.max(stored);
            }
        }
        Self {
            sights,
            holders,
            of_file,
        }
    }

    /// The stored bytes of an image's layers that another archive has too.
    pub(crate) fn bytes(&self, entry: usize) -> Option<u64> {
        let image = self.sights[entry].image.as_ref()?;
        let mut counted = HashSet::new();
        let layers = image.layers.iter();
        let shared = layers.filter(|layer| {
            counted.insert(layer.diff_id) && self.others(entry, layer.diff_id).next().is_some()
        });
        let bytes = shared.map(|layer| {
            let holders = self.holders.get(&layer.diff_id);
            match holders.filter(|_| layer.left_out) {
                Some(holders) => holders.stored,
                None => layer.stored,
            }
        });
        Some(bytes.sum())
    }

    /// The other entries whose archives have a layer.
    pub(crate) fn others(&self, entry: usize, diff_id: Digest) -> impl Iterator<Item = usize> {
        let holders = self.holders.get(&diff_id);
        let holders = holders.into_iter().flat_map(|holders| &holders.entries);
        let own = &self.sights[entry].absolute;
        holders
            .copied()
            .filter(move |other| self.sights[*other].absolute != *own)
    }

    /// The number of [`Self::others`], without iterating.
    pub(crate) fn count(&self, entry: usize, diff_id: Digest) -> usize {
        let holders = self.holders.get(&diff_id);
        let holders = holders.map_or(&[][..], |holders| &holders.entries);
        let own = self.of_file.get(&self.sights[entry].absolute.as_deref());
        let own = own.into_iter().flatten();
        // In the order of the registry, so ascending.
        let own = own.filter(|entry| holders.binary_search(entry).is_ok());
        holders.len() - own.count()
    }
}

#[cfg(test)]
mod tests {
    use archive::Compression;

    use super::*;
    use crate::sight::ArchivedLayer;
    use crate::testing::{layer, sight};

    fn left_out(number: u8) -> ArchivedLayer {
        ArchivedLayer {
            left_out: true,
            ..layer(number, 0)
        }
    }

    #[test]
    fn bytes_are_shared_where_another_archive_has_them() {
        let zstd = ArchivedLayer {
            compression: Compression::Zstd,
            ..layer(1, 40)
        };
        let sights = [
            sight("a", vec![layer(1, 100), layer(2, 10)]),
            sight("b", vec![layer(1, 100), layer(3, 10)]),
            // The same layer, compressed, and a layer that occurs twice.
            sight("c", vec![zstd, layer(4, 5), layer(4, 5)]),
            sight("alone", vec![layer(5, 7)]),
            // Thin, on an image that only it shares, and on one that does not exist.
            sight("base", vec![layer(6, 70), layer(7, 7)]),
            sight("thin", vec![left_out(6), left_out(7), layer(8, 1)]),
            sight("orphan", vec![left_out(9), layer(10, 1)]),
            // Two entries of one file.
            sight("twice", vec![layer(11, 1)]),
            sight("twice", vec![layer(11, 1)]),
        ];
        let sharing = Sharing::of(&sights);
        let bytes = (0..sights.len()).map(|entry| sharing.bytes(entry));
        let expected = [100, 100, 40, 0, 77, 77, 0, 0, 0].map(Some);
        assert_eq!(bytes.collect::<Vec<_>>(), expected);
        let diff_id = Digest::from_bytes([1; 32]);
        assert_eq!(sharing.others(0, diff_id).collect::<Vec<_>>(), [1, 2]);
        for entry in 0..sights.len() {
            for layer in (0..12).map(|number| Digest::from_bytes([number; 32])) {
                let others = sharing.others(entry, layer).count();
                assert_eq!(sharing.count(entry, layer), others, "{entry} {layer}");
            }
        }
    }
}
