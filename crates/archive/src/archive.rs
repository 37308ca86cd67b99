//! An opened archive and the images in it.

use camino::{Utf8Path, Utf8PathBuf};
use naming::{Digest, Reference};

use crate::Error;
use crate::config::Config;
use crate::decode::Compression;
use crate::manifest::StoredManifest;
use crate::members::Members;
use crate::source::Source;

/// An opened archive, with its images and access to their bytes.
#[derive(Debug)]
pub struct Archive {
    path: Utf8PathBuf,
    pub(crate) source: Source,
    images: Vec<Image>,
}

/// An image in an archive.
#[derive(Debug, Clone)]
pub struct Image {
    /// The digest of the config, which is the image's identity.
    pub image_id: Digest,
    /// The config.
    pub config: Config,
    /// Its tags in the archive.
    pub tags: Vec<Reference>,
    /// The digests of the archive's manifests and indexes that lead to it. None in an archive without `index.json`.
    pub manifests: Vec<Digest>,
    /// The index through which an engine held it.
    pub index: Option<Vec<u8>>,
    /// Its manifest, if the archive has one that matches every stored blob.
    pub manifest: Option<StoredManifest>,
    /// The layers, lowest first, one for each of the config's `diff_ids`.
    pub layers: Vec<Layer>,
    /// In a thin archive, the image that holds the left-out layers.
    pub base: Option<Base>,
}

impl Image {
    /// The stored bytes of its layers.
    pub fn stored_size(&self) -> u64 {
        self.layers.iter().map(|layer| layer.stored_size).sum()
    }

    /// Whether the archive leaves out some of its layers.
    pub fn is_thin(&self) -> bool {
        self.layers.iter().any(|layer| layer.left_out)
    }
}

/// The base of a thin archive. The archive leaves out all layers of the base, which are its own lowest layers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Its name when the thin archive was written.
    pub name: String,
    /// The digest of its config.
    pub image_id: Digest,
}

/// A layer as stored in the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// The digest of the uncompressed layer.
    pub diff_id: Digest,
    /// The digest of the stored bytes, if it is known without reading them.
    pub blob: Option<Digest>,
    /// The compression of the layer itself.
    pub compression: Compression,
    /// The stored length, in bytes.
    pub stored_size: u64,
    /// Whether a thin archive leaves it to its base.
    pub left_out: bool,
    /// The offset in the (decompressed) tar.
    pub(crate) offset: u64,
    /// Its uncompressed length, according to its manifest.
    pub(crate) said: Option<u64>,
}

impl Layer {
    /// Its uncompressed length, if it is known without reading it. The length in the manifest of a compressed layer is
    /// checked when the layer is read.
    pub fn tar_size(&self) -> Option<u64> {
        if self.compression == Compression::None && !self.left_out {
            Some(self.stored_size)
        } else {
            self.said
        }
    }
}

impl Archive {
    /// Opens a file and reads its index. Checks that every member is complete, that every named document and layer
    /// exists, and that configs and manifests match their digests. Does not read layers: [`Archive::verify`] and
    /// composing do that.
    pub fn open(path: &Utf8Path) -> Result<Self, Error> {
        let source = Source::open(path)?;
        let members = Members::read(&source)?;
        let images = members.images()?;
        Ok(Self {
            path: path.to_owned(),
            images,
            source,
        })
    }

    /// The path, as given to [`Archive::open`].
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// The length of the file, in bytes.
    pub fn size(&self) -> u64 {
        self.source.size
    }

    /// The images, in the order of the manifest. At least one.
    pub fn images(&self) -> &[Image] {
        &self.images
    }

    /// The image with an identity. Without one, the first image.
    pub fn image(&self, id: Option<Digest>) -> Option<&Image> {
        let mut images = self.images.iter();
        images.find(|image| id.is_none_or(|id| id == image.image_id))
    }
}

#[cfg(test)]
mod tests;
