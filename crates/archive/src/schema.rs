//! The used part of the JSON of `manifest.json` (moby, image/spec/v1.2.md) and of the OCI layout (image-layout.md,
//! image-index.md, manifest.md).
//!
//! Go writes an empty list as `null`, so every list and map may be `null`.

use std::collections::BTreeMap;

use naming::Digest;
use serde::{Deserialize, Deserializer};

use crate::archive::Base;

fn or_null<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    from: D,
) -> Result<T, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}

/// An image of `manifest.json`.
#[derive(Deserialize)]
pub(crate) struct DockerImage {
    #[serde(rename = "Config")]
    pub config: String,
    #[serde(rename = "RepoTags", default, deserialize_with = "or_null")]
    pub tags: Vec<String>,
    #[serde(rename = "Layers", default, deserialize_with = "or_null")]
    pub layers: Vec<String>,
}

/// An index: one image for several platforms, or several images.
#[derive(Debug, Deserialize)]
pub struct Index {
    /// Its manifests or indexes.
    #[serde(default, deserialize_with = "or_null")]
    pub manifests: Vec<Descriptor>,
}

/// A manifest: one image for one platform, in OCI's form or Docker's.
#[derive(Debug, Deserialize)]
pub struct Manifest {
    /// Its own media type.
    #[serde(rename = "mediaType", default, deserialize_with = "or_null")]
    pub media_type: String,
    /// Its config.
    pub config: Descriptor,
    /// Its layers, lowest first.
    #[serde(default, deserialize_with = "or_null")]
    pub layers: Vec<Descriptor>,
    /// Its annotations.
    #[serde(default, deserialize_with = "or_null")]
    pub annotations: BTreeMap<String, String>,
}

/// The annotation of a layer's descriptor with its uncompressed length in bytes. A sender of the uncompressed layer
/// needs it before the first byte.
pub(crate) const TAR_SIZE: &str = "io.imgpipe.tar-size";
/// The annotation of a manifest's descriptor in an index with the uncompressed lengths of all layers, lowest first,
/// separated by commas. So the manifest itself stays unchanged.
pub(crate) const TAR_SIZES: &str = "io.imgpipe.tar-sizes";
/// The annotation of a manifest's descriptor in an index with the registered name of the base that holds the left-out
/// layers. Earlier versions wrote it into the manifest.
pub(crate) const BASE_NAME: &str = "io.imgpipe.base.name";
/// The digest of the base's config.
pub(crate) const BASE_ID: &str = "io.imgpipe.base.image-id";

/// The annotation of a manifest's descriptor with the digest of the index under which an engine held the image. BuildKit creates an
/// index if it adds attestations. Those are not kept, so no index of the archive has this digest.
pub(crate) const INDEX_ID: &str = "io.imgpipe.index";

/// The longest name of a base, in bytes. Registered names have at most 128; older stores may have longer ones.
const MAX_BASE_NAME: usize = 255;
/// The longest layer that a manifest may state, in bytes. No file is that long, and sums of all lengths do not overflow.
const MAX_TAR_SIZE: u64 = 1 << 50;

/// The base of a thin archive, from annotations. An invalid name counts as none.
pub(crate) fn base(annotations: &BTreeMap<String, String>) -> Option<Base> {
    let name = annotations.get(BASE_NAME)?;
    let can_be = (1..=MAX_BASE_NAME).contains(&name.len()) && !name.contains(char::is_control);
    Some(Base {
        name: can_be.then(|| name.clone())?,
        image_id: annotations.get(BASE_ID)?.parse().ok()?,
    })
}

/// A descriptor of a blob.
#[derive(Debug, Clone, Deserialize)]
pub struct Descriptor {
    /// The stated media type of the blob.
    #[serde(rename = "mediaType", default)]
    pub media_type: String,
    /// The digest of its bytes.
    pub digest: Digest,
    /// The stated length in bytes.
    #[serde(default)]
    pub size: u64,
    /// The platform of an image in an index.
    pub platform: Option<Platform>,
    /// Its annotations.
    #[serde(default, deserialize_with = "or_null")]
    pub annotations: BTreeMap<String, String>,
}

/// The platform of an image.
#[derive(Debug, Clone, Deserialize)]
pub struct Platform {
    /// `amd64`: Go's name.
    #[serde(default)]
    pub architecture: String,
    /// `v7`.
    pub variant: Option<String>,
    /// `linux`.
    #[serde(default)]
    pub os: String,
}

impl Index {
    pub(crate) fn names(&self, manifest: Digest) -> bool {
        self.manifests.iter().any(|it| it.digest == manifest)
    }
}

impl Descriptor {
    /// The uncompressed length of the described layer, if known.
    pub fn tar_size(&self) -> Option<u64> {
        let said = match self.annotations.get(TAR_SIZE) {
            Some(size) => size.parse().ok(),
            None => self.media_type.ends_with(".tar").then_some(self.size),
        };
        said.filter(|size| *size <= MAX_TAR_SIZE)
    }

    /// The uncompressed lengths of the layers of the described manifest, if it has one for each.
    pub(crate) fn tar_sizes(&self, layers: usize) -> Option<Vec<u64>> {
        let sizes = self.annotations.get(TAR_SIZES)?.split(',');
        let sizes = sizes.map(|size| size.parse().ok().filter(|size| *size <= MAX_TAR_SIZE));
        let sizes: Vec<u64> = sizes.collect::<Option<_>>()?;
        (sizes.len() == layers).then_some(sizes)
    }

    /// Whether it describes an index rather than a manifest.
    pub fn is_index(&self) -> bool {
        self.media_type.ends_with("image.index.v1+json")
            || self.media_type.ends_with("manifest.list.v2+json")
    }

    /// The digest of the index under which an engine held the image.
    pub(crate) fn came_under(&self) -> Option<Digest> {
        self.annotations.get(INDEX_ID)?.parse().ok()
    }

    /// Whether it describes BuildKit's provenance: manifests of the platform `unknown/unknown`.
    pub fn is_attestation(&self) -> bool {
        let of_nothing = |platform: &Platform| platform.os == "unknown";
        self.annotations.contains_key("vnd.docker.reference.type")
            || self.platform.as_ref().is_some_and(of_nothing)
    }

    /// The image's name in an index: containerd's own annotation, else OCI's. The latter may be a bare tag, or any
    /// other name of a tool; then it is no image name.
    pub(crate) fn name(&self) -> Option<&str> {
        let containerd = self.annotations.get("io.containerd.image.name");
        let oci = || {
            self.annotations
                .get("org.opencontainers.image.ref.name")
                .filter(|name| name.contains([':', '/']))
        };
        containerd.or_else(oci).map(String::as_str)
    }
}
