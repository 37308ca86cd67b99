//! An opened archive and the images in it.

use camino::{Utf8Path, Utf8PathBuf};
use naming::{Digest, Reference};

use crate::Error;
use crate::config::Config;
use crate::decode::Compression;
use crate::manifest::StoredManifest;
use crate::members::Members;
use crate::source::Source;

/// An opened archive: its images, and the way to their bytes.
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
    /// The config itself.
    pub config: Config,
    /// The tags that the archive gives it.
    pub tags: Vec<Reference>,
    /// The digests of the manifests and indexes of the archive that lead to it. None in an archive without `index.json`.
    pub manifests: Vec<Digest>,
    /// The index through which an engine had it.
    pub index: Option<Vec<u8>>,
    /// Its manifest, if the archive has one whose every blob is what it says.
    pub manifest: Option<StoredManifest>,
    /// The layers, lowest first, one for each of the config's `diff_ids`.
    pub layers: Vec<Layer>,
    /// In a thin archive, the image that holds the layers that this one leaves out.
    pub base: Option<Base>,
}

impl Image {
    /// The bytes of its layers as they are stored.
    pub fn stored_size(&self) -> u64 {
        self.layers.iter().map(|layer| layer.stored_size).sum()
    }

    /// Whether the archive leaves out layers of it.
    pub fn is_thin(&self) -> bool {
        self.layers.iter().any(|layer| layer.left_out)
    }
}

/// The image whose layers a thin archive leaves out: all of them, and they are its lowest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// The name under which it was registered.
    pub name: String,
    /// The digest of its config.
    pub image_id: Digest,
}

/// A layer as it is stored in the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// The digest of the uncompressed layer.
    pub diff_id: Digest,
    /// The digest of its bytes as they are stored, if that is known without reading them.
    pub blob: Option<Digest>,
    /// How the layer itself is compressed.
    pub compression: Compression,
    /// Its length as stored, in bytes.
    pub stored_size: u64,
    /// Whether a thin archive leaves it to its base.
    pub left_out: bool,
    /// Where it begins in the (decompressed) tar.
    pub(crate) offset: u64,
    /// Its uncompressed length, as its manifest says.
    pub(crate) said: Option<u64>,
}

impl Layer {
    /// Its uncompressed length, where that is known without reading it. What a manifest says of a
    /// compressed layer is checked when the layer is read.
    pub fn tar_size(&self) -> Option<u64> {
        if self.compression == Compression::None && !self.left_out {
            Some(self.stored_size)
        } else {
            self.said
        }
    }
}

impl Archive {
    /// Opens a file and reads its index. Checks that every member is complete, that every document and
    /// layer that is named is there, and that configs and manifests match their digests; layers are
    /// not read ([`Archive::verify`] and composing do that).
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

    /// The path that it was opened by.
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

    /// The image of an identity; of an unknown one the first.
    pub fn image(&self, id: Option<Digest>) -> Option<&Image> {
        let mut images = self.images.iter();
        images.find(|image| id.is_none_or(|id| id == image.image_id))
    }
}

#[cfg(test)]
mod tests;
