//! An image with all archives that its layers are in.

use std::sync::Arc;

use naming::Digest;

use crate::archive::{Archive, Image};
use crate::compose::stored_blob;
use crate::decode::Compression;
use crate::error::Error;
use crate::form::Blob;

/// An image of an archive, with the images of other archives that hold the layers that a thin archive leaves out. Cheap
/// to clone.
#[derive(Debug, Clone)]
pub struct Stack {
    top: Part,
    below: Vec<Part>,
}

#[derive(Debug, Clone)]
struct Part {
    archive: Arc<Archive>,
    image: usize,
}

impl Part {
    fn image(&self) -> &Image {
        &self.archive.images()[self.image]
    }
}

/// A layer's place: an archive, one of its images, and the layer's index in that image.
pub(crate) type Place<'a> = (&'a Archive, &'a Image, usize);

impl Stack {
    /// The image with this index in an archive, without images below. `None` if there is no such image.
    pub fn new(archive: Arc<Archive>, image: usize) -> Option<Self> {
        archive.images().get(image)?;
        Some(Self {
            top: Part { archive, image },
            below: Vec::new(),
        })
    }

    /// The only image of an archive, or the first of several.
    pub fn of(archive: Archive) -> Option<Self> {
        Self::new(Arc::new(archive), 0)
    }

    /// Adds another image, with all images below it, at the bottom.
    #[must_use]
    pub fn on(mut self, base: Self) -> Self {
        self.below.push(base.top);
        self.below.extend(base.below);
        self
    }

    /// The image's own archive.
    pub fn archive(&self) -> &Archive {
        &self.top.archive
    }

    /// The image.
    pub fn image(&self) -> &Image {
        self.top.image()
    }

    /// The lowest layer that no archive holds.
    pub fn lacks(&self) -> Option<usize> {
        (0..self.image().layers.len()).find(|layer| self.find(*layer).is_none())
    }

    /// The uncompressed length of a layer, if it is known without reading it.
    pub fn tar_size(&self, layer: usize) -> Option<u64> {
        let held = self
            .find(layer)
            .map(|(_, image, index)| &image.layers[index]);
        held.or_else(|| self.image().layers.get(layer))?.tar_size()
    }

    /// The stored bytes of a layer, in any of the archives.
    pub fn stored_size(&self, layer: usize) -> u64 {
        self.find(layer)
            .map_or(0, |(_, image, index)| image.layers[index].stored_size)
    }

    /// A layer as stored in any of the archives, as far as known without reading it.
    pub(crate) fn blob(&self, layer: usize) -> Blob {
        let own = &self.image().layers[layer];
        let held = self.find(layer);
        let held = held.map_or(own, |(_, image, index)| &image.layers[index]);
        match stored_blob(held) {
            Some(blob) => Blob {
                tar_size: held.tar_size().unwrap_or_default(),
                ..blob
            },
            None => Blob::plain(own.diff_id, held.tar_size().unwrap_or_default()),
        }
    }

    /// Whether the bytes of a layer can be reached by seeking.
    pub(crate) fn is_plain(&self, layer: usize) -> bool {
        self.find(layer).is_some_and(|(archive, image, index)| {
            let stored = [archive.source.compression, image.layers[index].compression];
            stored == [Compression::None; 2]
        })
    }

    /// The archives, lowest first: a base comes before the images on it.
    pub fn upward(&self) -> impl Iterator<Item = (&Archive, &Image)> {
        let parts = self.below.iter().rev().chain([&self.top]);
        parts.map(|part| (&*part.archive, part.image()))
    }

    /// The place of a layer's bytes.
    pub(crate) fn find(&self, layer: usize) -> Option<Place<'_>> {
        let top = &self.top.image().layers[layer];
        if !top.left_out {
            return Some((&self.top.archive, self.top.image(), layer));
        }
        // Prefer the blob in the manifest, or else the same layer with another compression.
        let held = |by_blob: bool| {
            self.below.iter().find_map(|part| {
                let mut layers = part.image().layers.iter();
                let index = layers.position(|other| {
                    let is_blob = !by_blob || (top.blob.is_some() && other.blob == top.blob);
                    is_blob && other.diff_id == top.diff_id && !other.left_out
                })?;
                Some((&*part.archive, part.image(), index))
            })
        };
        held(true).or_else(|| held(false))
    }

    /// Like [`Self::find`], but a missing layer is an error.
    pub(crate) fn get(&self, layer: usize) -> Result<Place<'_>, Error> {
        self.find(layer).ok_or_else(|| self.left_out(layer))
    }

    /// The error for a layer that no archive holds.
    pub fn left_out(&self, layer: usize) -> Error {
        let image = self.image();
        Error::LeftOut {
            path: self.archive().path().to_owned(),
            place: format!("layer {} of {}", layer + 1, image.layers.len()),
            diff_id: image.layers[layer].diff_id,
            base: image
                .base
                .as_ref()
                .map(|base| base.name.clone())
                .unwrap_or_default(),
        }
    }

    /// The diff_ids of the image's layers, lowest first.
    pub fn diff_ids(&self) -> &[Digest] {
        &self.image().config.diff_ids
    }
}
