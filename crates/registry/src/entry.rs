//! One entry of the registry, typed.
//!
//! Names, system and architecture stay as they were written: old stores with invalid names still work, and matching
//! parses them itself. References, digests and times are validated when they are read.

use camino::Utf8PathBuf;
use chrono::{DateTime, Utc};
use naming::{Digest, ImageName, NameError, Reference};
use serde::Serialize;

/// An image of the registry. Keys of people and other tools are not here; they stay in the text.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Entry {
    /// Unique within the registry, never empty.
    pub name: String,
    /// As written, relative to the registry's folder. [`Store::path`](crate::Store::path) validates it.
    pub file: Utf8PathBuf,
    /// The reference of the loaded image.
    pub docker_tag: Reference,
    /// Other references of the loaded image: for example the one that it was fetched by, which other tools use.
    pub aliases: Vec<Reference>,
    /// As written, `ubuntu:25.04`.
    pub os: String,
    /// As written, `x86_64`.
    pub architecture: String,
    /// `gcc-15`
    pub compilers: Vec<String>,
    /// `libssl-dev`
    pub packages: Vec<String>,
    /// `cmake`
    pub tools: Vec<String>,
    /// `asan`
    pub variants: Vec<String>,
    /// The archive's length in 10^6 bytes; finite, not negative.
    pub size_mb: Option<f64>,
    /// When the archive was made.
    pub created: Option<DateTime<Utc>>,
    /// When it was last loaded into an engine.
    pub last_used: Option<DateTime<Utc>>,
    /// How often it was loaded.
    pub usage_count: u64,
    /// Digest of the image's config. The archive must contain this image.
    pub image_id: Option<Digest>,
    /// Digest of the image's manifest: what remote registries and containerd image stores know it by.
    pub manifest: Option<Digest>,
    /// Digest of the archive file. Earlier versions wrote it.
    pub digest: Option<Digest>,
    /// The packages and tools that it was built for, by all requirements of its name; `None` if no requirement was
    /// recorded.
    pub requested: Option<Requested>,
    /// Digest of all inputs of the build.
    pub fingerprint: Option<Digest>,
    /// The duration of build and save, in seconds; not negative.
    pub build_seconds: Option<f64>,
    /// Why it was built: `new`, `the base changed`.
    pub built_because: Option<String>,
    /// The inputs of the build, one by one. imgbuild compares them later to explain a change.
    pub inputs: Vec<String>,
    /// The name of its base's entry.
    pub base: Option<String>,
    /// Whether the archive omits the layers of `base`.
    pub thin: bool,
    /// Its reference in a remote registry, with the digest.
    pub remote: Option<Reference>,
    /// Whether pruning must keep it.
    pub pinned: bool,
}

/// The requirements of an image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Requested {
    /// `libssl-dev`
    pub packages: Vec<String>,
    /// `cmake`
    pub tools: Vec<String>,
}

impl Entry {
    /// An entry with the required keys; everything else is empty, absent or zero.
    pub fn new(
        name: impl Into<String>,
        file: impl Into<Utf8PathBuf>,
        docker_tag: Reference,
        os: impl Into<String>,
        architecture: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            file: file.into(),
            docker_tag,
            aliases: Vec::new(),
            os: os.into(),
            architecture: architecture.into(),
            compilers: Vec::new(),
            packages: Vec::new(),
            tools: Vec::new(),
            variants: Vec::new(),
            size_mb: None,
            created: None,
            last_used: None,
            usage_count: 0,
            image_id: None,
            manifest: None,
            digest: None,
            requested: None,
            fingerprint: None,
            build_seconds: None,
            built_because: None,
            inputs: Vec::new(),
            base: None,
            thin: false,
            remote: None,
            pinned: false,
        }
    }

    /// All references of the loaded image.
    pub fn tags(&self) -> impl Iterator<Item = &Reference> {
        std::iter::once(&self.docker_tag).chain(&self.aliases)
    }

    /// The name, if it is valid. Saving requires a valid name; reading only warns.
    pub fn image_name(&self) -> Result<ImageName, NameError> {
        self.name.parse()
    }
}
