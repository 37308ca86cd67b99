//! The form of archives.

use archive::{Compress, Image, Options, ThinBase};

/// The form of new archives.
#[derive(Debug, Clone, Default)]
pub struct Form {
    /// How to compress layers; `None` leaves each blob as it comes.
    pub compress: Option<Compress>,
    /// The image whose layers are left out. With `None`, the archive holds all layers, and a thin one becomes whole.
    pub base: Option<ThinBase>,
}

impl Form {
    pub(crate) fn options(&self) -> Options {
        Options {
            compress: self.compress,
            base: self.base.clone(),
        }
    }

    /// Whether an image in the store has the requested form.
    pub(crate) fn is_of(&self, image: &Image) -> bool {
        let mut held = image.layers.iter().filter(|layer| !layer.left_out);
        let compressed = |wanted: Compress| held.all(|layer| wanted.is_of(layer.compression));
        let base = image.base.as_ref().filter(|_| image.is_thin());
        let wanted = self.base.as_ref().map(|thin| &thin.base.name);
        self.compress.is_none_or(compressed) && wanted == base.map(|base| &base.name)
    }
}
