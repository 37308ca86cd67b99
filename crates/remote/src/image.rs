//! Finds the image for one platform behind a reference.

use archive::{Descriptor, Index, Manifest, Platform, StoredManifest, digest_of};
use naming::{Architecture, Digest, Reference};

use crate::Error;

/// The largest length of a wrong text in an error, in characters.
const PIECE: usize = 120;

/// An image in a remote registry. Its documents were checked against their digests.
#[derive(Debug)]
pub struct RemoteImage {
    /// The repository, the requested tag if any, and the digest of the manifest for one platform.
    pub reference: Reference,
    /// The digest of the config, which is the image's identity.
    pub image_id: Digest,
    /// The config itself.
    pub config: Vec<u8>,
    /// The manifest as the registry has it.
    pub manifest: StoredManifest,
}

impl RemoteImage {
    /// The manifest's digest.
    pub fn digest(&self) -> Digest {
        self.reference.digest().unwrap_or(self.image_id)
    }

    /// The bytes of all layers as the registry stores them.
    pub fn size(&self) -> u64 {
        self.manifest
            .layers
            .iter()
            .fold(0, |sum, layer| sum.saturating_add(layer.size))
    }
}

/// A document behind a reference.
pub(crate) enum Document {
    /// An image.
    Manifest(Box<StoredManifest>),
    /// The digest of the manifest or index for the platform.
    Elsewhere(Digest),
}

/// Reads a document that a registry serves under `reference`.
pub(crate) fn read(
    reference: &Reference,
    bytes: &[u8],
    wanted: Architecture,
) -> Result<Document, Error> {
    let unsupported = |what: String| Error::Unsupported {
        reference: reference.to_string(),
        what,
    };
    let invalid = |error: serde_json::Error| {
        let error = process::one_line(&error.to_string(), PIECE);
        unsupported(format!("its manifest is not valid: {error}"))
    };
    let value: serde_json::Value = serde_json::from_slice(bytes).map_err(invalid)?;
    if value
        .get("schemaVersion")
        .and_then(serde_json::Value::as_u64)
        == Some(1)
    {
        return Err(unsupported(
            "is in Docker's old schema 1, which has no config; push it again with a current tool"
                .into(),
        ));
    }
    if value.get("manifests").is_none() {
        let manifest: Manifest = serde_json::from_value(value).map_err(invalid)?;
        // OCI artifacts, such as charts and signatures, are manifests too.
        let config = &manifest.config.media_type;
        return match config.ends_with("image.config.v1+json")
            || config.ends_with("container.image.v1+json")
        {
            true => {
                let manifest = StoredManifest::parse(bytes.to_vec(), "").map_err(invalid)?;
                Ok(Document::Manifest(Box::new(manifest)))
            }
            false => Err(unsupported(format!(
                "is not an image: its config is `{}`",
                process::one_line(config, PIECE)
            ))),
        };
    }
    let index: Index = serde_json::from_value(value).map_err(invalid)?;
    let images: Vec<_> = index
        .manifests
        .iter()
        .filter(|image| !image.is_attestation())
        .collect();
    let fits = |image: &&&Descriptor| {
        image
            .platform
            .as_ref()
            .is_some_and(|platform| is_for(platform, wanted))
    };
    match (images.iter().find(fits), images.as_slice()) {
        (Some(image), _) => Ok(Document::Elsewhere(image.digest)),
        // A single manifest without a platform.
        (None, [only]) if only.platform.is_none() => Ok(Document::Elsewhere(only.digest)),
        (None, []) => Err(unsupported("its index lists no image".into())),
        (None, images) => Err(Error::NoPlatform {
            reference: reference.to_string(),
            wanted,
            offered: images
                .iter()
                .filter_map(|image| image.platform.as_ref())
                .map(shown)
                .collect(),
        }),
    }
}

fn is_for(platform: &Platform, wanted: Architecture) -> bool {
    let variant = platform.variant.as_deref();
    platform.os == "linux"
        && Architecture::from_oci(&platform.architecture, variant).ok() == Some(wanted)
}

fn shown(platform: &Platform) -> String {
    let variant = platform.variant.iter().map(|variant| format!("/{variant}"));
    let whole = format!(
        "{}/{}{}",
        platform.os,
        platform.architecture,
        variant.collect::<String>()
    );
    process::one_line(&whole, PIECE)
}

/// Checks a document against its digest.
pub(crate) fn check(
    reference: &Reference,
    what: &'static str,
    expected: Digest,
    bytes: &[u8],
) -> Result<(), Error> {
    match digest_of(bytes) {
        found if found == expected => Ok(()),
        found => Err(Error::Mismatch {
            reference: reference.to_string(),
            what,
            expected,
            found,
        }),
    }
}

#[cfg(test)]
mod tests;
