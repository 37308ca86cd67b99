//! The manifest of an image, byte for byte as it came. Remote registries and containerd stores identify the image by its
//! digest.

use naming::Digest;

use crate::describe::blob_name;
use crate::hash::digest_of;
use crate::schema::{Descriptor, Manifest};

/// The media type of a manifest without one.
pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// A manifest with its bytes.
#[derive(Debug, Clone)]
pub struct StoredManifest {
    /// The digest of the bytes.
    pub digest: Digest,
    /// The bytes of the document.
    pub bytes: Vec<u8>,
    /// The media type, of OCI or of Docker.
    pub media_type: String,
    /// The descriptor of its config.
    pub config: Descriptor,
    /// The descriptors of its layers, lowest first.
    pub layers: Vec<Descriptor>,
}

impl StoredManifest {
    /// Parses a manifest. `media_type` comes from its descriptor, and is used if the manifest has none.
    pub fn parse(bytes: Vec<u8>, media_type: &str) -> Result<Self, serde_json::Error> {
        let manifest: Manifest = serde_json::from_slice(&bytes)?;
        Ok(Self::new(&manifest, bytes, media_type))
    }

    pub(crate) fn new(manifest: &Manifest, bytes: Vec<u8>, media_type: &str) -> Self {
        let own = Some(manifest.media_type.as_str()).filter(|own| !own.is_empty());
        let said = Some(media_type).filter(|said| !said.is_empty());
        Self {
            digest: digest_of(&bytes),
            media_type: own.or(said).unwrap_or(MANIFEST).to_owned(),
            config: manifest.config.clone(),
            layers: manifest.layers.clone(),
            bytes,
        }
    }

    /// Whether these members are the blobs in the manifest.
    pub(crate) fn names(&self, members: &[String]) -> bool {
        let names = self.layers.iter().map(|layer| blob_name(layer.digest));
        self.layers.len() == members.len()
            && names.zip(members).all(|(name, member)| name == *member)
    }
}
