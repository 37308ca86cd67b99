//! The one form that this crate writes: an OCI layout with a `manifest.json`, which every engine loads.
//!
//! Blobs come first, named by digest; an uncompressed layer's blob bears its diff_id. The documents that
//! make an image of them come last: whoever reads the tar as a stream has seen, and checked, every
//! layer before. Layers are compressed one by one, if at all, so that each is reached by seeking. Tags stand in both of their homes: `RepoTags` of `manifest.json`, which
//! engines with graph drivers read, and the annotations of `index.json`, which containerd stores and
//! podman read. Both have the full name: a bare `1` as an annotation would make an image `1:latest`, and
//! podman, which reads `RepoTags` where an archive has several images, calls a short `x:1` `localhost/x:1`.

use std::io::{self, Write};

use naming::{Digest, Reference};
use serde_json::{Value, json};

use crate::archive::Base;
use crate::decode::Compression;
use crate::describe::blob_name;
use crate::hash::digest_of;
use crate::schema::{BASE_ID, BASE_NAME, TAR_SIZE};
use crate::writer;

const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The file that says that a folder is a layout.
pub(crate) const LAYOUT_FILE: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// An image whose layers are written: what the documents at the end say of it.
#[derive(Debug, Clone)]
pub(crate) struct Written<'a> {
    pub config: &'a [u8],
    /// The blobs of its layers, lowest first.
    pub layers: Vec<Blob>,
    /// Who holds the layers that are left out.
    pub base: Option<&'a Base>,
    pub tags: &'a [Reference],
}

/// A layer as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Blob {
    /// The digest of the bytes as they are written: what the blob is called.
    pub digest: Digest,
    /// Their length.
    pub size: u64,
    pub compression: Compression,
    /// The uncompressed length; 0 where nobody knows it.
    pub tar_size: u64,
}

impl Blob {
    /// An uncompressed layer, whose blob bears its diff_id.
    pub(crate) fn plain(diff_id: Digest, size: u64) -> Self {
        Self {
            digest: diff_id,
            size,
            compression: Compression::None,
            tar_size: size,
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
    /// The OCI manifest: a function of the config, its layers and its base alone.
    pub(crate) fn manifest(&self) -> Vec<u8> {
        let layers: Vec<Value> = self.layers.iter().map(Blob::descriptor).collect();
        let config = descriptor(CONFIG, digest_of(self.config), self.config.len() as u64);
        let mut manifest = json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers });
        if let Some(base) = self.base {
            manifest["annotations"] = json!({ BASE_NAME: base.name, BASE_ID: base.image_id });
        }
        manifest.to_string().into_bytes()
    }
}

fn descriptor(media_type: &str, digest: Digest, size: u64) -> Value {
    json!({ "mediaType": media_type, "digest": digest, "size": size })
}

/// What an index says of a manifest.
pub(crate) fn listed(manifest: &[u8]) -> Value {
    descriptor(MANIFEST, digest_of(manifest), manifest.len() as u64)
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
        for (digest, bytes) in [(config_digest, image.config), (manifest_digest, &manifest)] {
            if blobs.insert(digest) {
                writer::member(out, &blob_name(digest), bytes)?;
            }
        }
        let entry = listed(&manifest);
        // What engines tag by is a name and a tag: a digest behind it is no part of either.
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
            entry["annotations"] = json!({ "io.containerd.image.name": name, "org.opencontainers.image.ref.name": name });
            indexed.push(entry);
        }
        let names: Vec<String> = tags.iter().map(Reference::canonical).collect();
        // As engines write it: `null` for an image without a name.
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
