//! The single form that this crate writes: an OCI layout with a `manifest.json`, which every engine loads.
//!
//! Blobs come first, named by digest. The blob of an uncompressed layer is named by its diff_id. The documents come
//! last: a reader of the stream has then checked every layer. Layers are compressed one by one, if at all, so that each
//! can be reached by seeking.
//!
//! Tags are in two places: `RepoTags` of `manifest.json`, which engines with graph drivers read, and the annotations of
//! `index.json`, which containerd stores and podman read. Both have the full name. A bare `1` as an annotation would
//! create an image `1:latest`. podman reads `RepoTags` if an archive has several images, and would read a short `x:1`
//! as `localhost/x:1`.

use std::borrow::Cow;
use std::io::{self, Write};

use naming::{Digest, Reference};
use serde_json::{Map, Value, json};

use crate::archive::Base;
use crate::decode::Compression;
use crate::describe::blob_name;
use crate::hash::digest_of;
use crate::manifest::{MANIFEST, StoredManifest};
use crate::schema::{BASE_ID, BASE_NAME, Descriptor, INDEX_ID, TAR_SIZE, TAR_SIZES};
use crate::writer;

const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// The file that marks a folder as a layout.
pub(crate) const LAYOUT_FILE: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// An image whose layers are written, for the documents at the end.
#[derive(Debug, Clone)]
pub(crate) struct Written<'a> {
    pub config: &'a [u8],
    /// The blobs of its layers, lowest first.
    pub layers: Vec<Blob>,
    /// Its manifest as it came, if it names these blobs; otherwise one is created.
    pub manifest: Option<&'a StoredManifest>,
    /// The index through which an engine held the image.
    pub index: Option<&'a [u8]>,
    /// The base that holds the left-out layers.
    pub base: Option<&'a Base>,
    pub tags: &'a [Reference],
    /// Whether to put the uncompressed lengths of its layers into the index.
    pub sized: bool,
}

/// A layer as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Blob {
    /// The digest of the written bytes, which is the blob's name.
    pub digest: Digest,
    /// Their length.
    pub size: u64,
    pub compression: Compression,
    /// The uncompressed length; 0 if unknown.
    pub tar_size: u64,
}

impl Blob {
    /// An uncompressed layer, whose blob is named by its diff_id.
    pub(crate) fn plain(diff_id: Digest, size: u64) -> Self {
        Self {
            digest: diff_id,
            size,
            compression: Compression::None,
            tar_size: size,
        }
    }

    /// The blob that a manifest names, with this compression.
    pub(crate) fn named(descriptor: &Descriptor, compression: Compression) -> Self {
        Self {
            digest: descriptor.digest,
            size: descriptor.size,
            compression,
            tar_size: 0,
        }
    }

    fn descriptor(&self) -> Value {
        let suffix = match self.compression {
            Compression::None => "",
            Compression::Gzip => "+gzip",
            Compression::Zstd => "+zstd",
        };
        let mut descriptor = descriptor(&format!("{LAYER}{suffix}"), self.digest, self.size);
        if self.compression != Compression::None && self.tar_size > 0 {
            descriptor["annotations"] = json!({ TAR_SIZE: self.tar_size.to_string() });
        }
        descriptor
    }
}

impl Written<'_> {
    /// The manifest as it came, or an OCI manifest that depends only on the config and the blobs.
    pub(crate) fn manifest(&self) -> Cow<'_, [u8]> {
        match self.manifest {
            Some(manifest) => Cow::Borrowed(&manifest.bytes),
            None => Cow::Owned(manifest(self.config, &self.layers)),
        }
    }

    /// The descriptor of its manifest in an index.
    fn listed(&self) -> Value {
        let manifest = self.manifest();
        let media_type = self.manifest.map_or(MANIFEST, |it| &it.media_type);
        let mut listed = descriptor(media_type, digest_of(&manifest), manifest.len() as u64);
        let mut annotations = Map::new();
        if let Some(base) = self.base {
            annotations.insert(BASE_NAME.into(), json!(base.name));
            annotations.insert(BASE_ID.into(), json!(base.image_id));
        }
        if let Some(index) = self.index {
            annotations.insert(INDEX_ID.into(), json!(digest_of(index)));
        }
        let is_packed = |blob: &Blob| blob.compression != Compression::None;
        if self.sized && self.layers.iter().any(is_packed) {
            let sizes = self.layers.iter().map(|blob| blob.tar_size.to_string());
            let sizes: Vec<_> = sizes.collect();
            annotations.insert(TAR_SIZES.into(), sizes.join(",").into());
        }
        if !annotations.is_empty() {
            listed["annotations"] = annotations.into();
        }
        listed
    }
}

/// The OCI manifest of a config and its layers.
pub(crate) fn manifest(config: &[u8], layers: &[Blob]) -> Vec<u8> {
    let layers: Vec<Value> = layers.iter().map(Blob::descriptor).collect();
    let config = descriptor(CONFIG, digest_of(config), config.len() as u64);
    json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers })
        .to_string()
        .into_bytes()
}

fn descriptor(media_type: &str, digest: Digest, size: u64) -> Value {
    json!({ "mediaType": media_type, "digest": digest, "size": size })
}

/// The descriptor of a manifest in an index.
pub(crate) fn listed(media_type: &str, manifest: &[u8]) -> Value {
    descriptor(media_type, digest_of(manifest), manifest.len() as u64)
}

/// The document `index.json`.
pub(crate) fn index(manifests: &[Value]) -> Vec<u8> {
    json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests })
        .to_string()
        .into_bytes()
}

/// Writes the documents and ends the tar.
pub(crate) fn write_documents(out: &mut impl Write, images: &[Written]) -> io::Result<()> {
    let mut indexed = Vec::new();
    let mut images_listed = Vec::new();
    let mut blobs = std::collections::BTreeSet::new();
    for image in images {
        let manifest = image.manifest();
        let (config_digest, manifest_digest) = (digest_of(image.config), digest_of(&manifest));
        let documents = [(config_digest, image.config), (manifest_digest, &*manifest)];
        let index = image.index.map(|index| (digest_of(index), index));
        for (digest, bytes) in documents.into_iter().chain(index) {
            if blobs.insert(digest) {
                writer::member(out, &blob_name(digest), bytes)?;
            }
        }
        let entry = image.listed();
        // Engines tag by name and tag; a digest belongs to neither.
        let tags = image
            .tags
            .iter()
            .filter_map(|tag| tag.with_tag(tag.tag()?).ok());
        let tags: Vec<Reference> = tags.collect();
        if tags.is_empty() {
            indexed.push(entry.clone());
        }
        for tag in &tags {
            let mut entry = entry.clone();
            let name = tag.canonical();
            entry["annotations"]["io.containerd.image.name"] = json!(name);
            entry["annotations"]["org.opencontainers.image.ref.name"] = json!(name);
            indexed.push(entry);
        }
        let names: Vec<String> = tags.iter().map(Reference::canonical).collect();
        // Like engines: `null` for an image without a name.
        let names = (!names.is_empty()).then_some(names);
        let layers: Vec<String> = image
            .layers
            .iter()
            .map(|blob| blob_name(blob.digest))
            .collect();
        images_listed.push(
            json!({ "Config": blob_name(config_digest), "RepoTags": names, "Layers": layers }),
        );
    }
    writer::member(out, "index.json", &index(&indexed))?;
    writer::member(out, "oci-layout", LAYOUT_FILE)?;
    writer::member(
        out,
        "manifest.json",
        Value::Array(images_listed).to_string().as_bytes(),
    )?;
    writer::end(out)
}
