//! An image's configuration: what the `image_id` is the digest of.
//!
//! OCI image specification, config.md; Docker's own format has the same fields. Unknown fields
//! stay in the bytes, which are passed on as they are.

use std::collections::BTreeMap;

use naming::Digest;
use serde::Deserialize;

use crate::hash::digest_of;

/// An image's configuration, with the bytes that it was read from.
#[derive(Debug, Clone)]
pub struct Config {
    /// The document itself.
    pub bytes: Vec<u8>,
    /// `amd64`, `arm64`: Go's name of the architecture.
    pub architecture: String,
    /// `v7`, `v8`, where the architecture has variants.
    pub variant: Option<String>,
    /// `linux`.
    pub os: String,
    /// The digests of the uncompressed layers, lowest first.
    pub diff_ids: Vec<Digest>,
    /// Labels of the image.
    pub labels: BTreeMap<String, String>,
    /// Environment of its containers, as `NAME=value`.
    pub env: Vec<String>,
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    architecture: String,
    variant: Option<String>,
    #[serde(default)]
    os: String,
    rootfs: RootFsDocument,
    config: Option<RunDocument>,
}

#[derive(Deserialize)]
struct RootFsDocument {
    diff_ids: Option<Vec<Digest>>,
}

#[derive(Deserialize)]
struct RunDocument {
    #[serde(rename = "Labels")]
    labels: Option<BTreeMap<String, String>>,
    #[serde(rename = "Env")]
    env: Option<Vec<String>>,
}

impl Config {
    pub(crate) fn parse(bytes: Vec<u8>) -> Result<Self, serde_json::Error> {
        let document: Document = serde_json::from_slice(&bytes)?;
        let run = document.config;
        Ok(Self {
            bytes,
            architecture: document.architecture,
            variant: document.variant.filter(|variant| !variant.is_empty()),
            os: document.os,
            diff_ids: document.rootfs.diff_ids.unwrap_or_default(),
            labels: run
                .as_ref()
                .and_then(|run| run.labels.clone())
                .unwrap_or_default(),
            env: run.and_then(|run| run.env).unwrap_or_default(),
        })
    }

    /// The image's identity: the digest of this document.
    pub fn digest(&self) -> Digest {
        digest_of(&self.bytes)
    }
}
