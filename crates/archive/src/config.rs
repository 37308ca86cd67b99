//! An image's configuration. Its digest is the `image_id`.
//!
//! OCI image specification, config.md; Docker's own format has the same fields. Unknown fields stay in the bytes, which
//! are passed on unchanged.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use naming::Digest;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use crate::hash::digest_of;

/// An image's configuration, with its bytes.
#[derive(Debug, Clone)]
pub struct Config {
    /// The bytes of the document.
    pub bytes: Vec<u8>,
    /// `amd64`, `arm64`: Go's name of the architecture.
    pub architecture: String,
    /// `v7`, `v8`, if the architecture has variants.
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

/// A document that an engine and this crate read in the same way. Go's decoder ignores the case of a key, and takes the
/// last of several. So a second spelling of a key that leads to the layers would give another image.
struct Unambiguous;

/// The keys from the document's root to the layers.
const TO_LAYERS: [&str; 2] = ["rootfs", "diff_ids"];

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spelling(&TO_LAYERS).deserialize(deserializer)?;
        Ok(Self)
    }
}

/// Checks the spelling of the first of these keys, and of the others inside its value.
struct Spelling(&'static [&'static str]);

impl<'de> DeserializeSeed<'de> for Spelling {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.0 {
            [] => IgnoredAny::deserialize(deserializer).map(drop),
            _ => deserializer.deserialize_map(self),
        }
    }
}

impl<'de> Visitor<'de> for Spelling {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (wanted, inner) = self.0.split_first().unwrap_or((&"", &[]));
        while let Some(key) = map.next_key::<Cow<str>>()? {
            if key == *wanted {
                map.next_value_seed(Spelling(inner))?;
                continue;
            }
            if folded(&key) == folded(wanted) {
                return Err(Error::custom(format_args!(
                    "`{key}`: engines read it as `{wanted}`"
                )));
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

/// A key as Go compares it (encoding/json, `foldFunc`): two non-ASCII letters equal `k` and `s` too.
fn folded(key: &str) -> String {
    key.to_uppercase().to_lowercase()
}

impl Config {
    pub(crate) fn parse(bytes: Vec<u8>) -> Result<Self, serde_json::Error> {
        serde_json::from_slice::<Unambiguous>(&bytes)?;
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
