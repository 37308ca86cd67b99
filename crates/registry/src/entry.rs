//! One entry of the registry, typed.
//!
//! Names, system and architecture stay the text that a person wrote: an old store whose names do
//! not comply still works, and matching reads them in its own way. What has one meaning alone
//! (references, digests, times) is validated where it is read.

use camino::Utf8PathBuf;
use chrono::{DateTime, Utc};
use naming::{Digest, ImageName, NameError, Reference};
use serde::Serialize;

/// An image that the registry names. Keys that only a person or another tool understands are
/// not here; they stay in the text.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Entry {
    /// Unique within the registry, never empty.
    pub name: String,
    /// Relative to the registry's folder, and as written: [`Store::path`](crate::Store::path)
    /// validates it for whoever opens it.
    pub file: Utf8PathBuf,
    /// The reference that the image is loaded under.
    pub docker_tag: Reference,
    /// What else it is tagged as when it is loaded: the reference that it was fetched by, which others ask the engine for.
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
    /// How often it was.
    pub usage_count: u64,
    /// Digest of the image's config: what the archive must hold.
    pub image_id: Option<Digest>,
    /// Digest of the archive file.
    pub digest: Option<Digest>,
    /// The packages and tools that it was built for, by all requirements of its name; `None` for an image that no
    /// requirement was recorded for.
    pub requested: Option<Requested>,
    /// Digest of everything that went into the build.
    pub fingerprint: Option<Digest>,
    /// How long the build took, in seconds, with the saving; not negative.
    pub build_seconds: Option<f64>,
    /// Why it was built, in words: `new`, `the base changed`.
    pub built_because: Option<String>,
    /// What went into the build, one by one, as imgbuild writes it down to tell later what changed.
    pub inputs: Vec<String>,
    /// The name of the entry that it was built on.
    pub base: Option<String>,
    /// Whether the archive leaves out the layers of `base`.
    pub thin: bool,
    /// Where it is published, with its digest.
    pub remote: Option<Reference>,
    /// Whether pruning must leave it alone.
    pub pinned: bool,
}

/// What requirements asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Requested {
    /// `libssl-dev`
    pub packages: Vec<String>,
    /// `cmake`
    pub tools: Vec<String>,
}

impl Entry {
    /// An entry with what is required; everything else is empty, absent or zero.
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

    /// All references that it is loaded under.
    pub fn tags(&self) -> impl Iterator<Item = &Reference> {
        std::iter::once(&self.docker_tag).chain(&self.aliases)
    }

    /// The name, if it complies. Saving needs one that does; reading only warns.
    pub fn image_name(&self) -> Result<ImageName, NameError> {
        self.name.parse()
    }
}
