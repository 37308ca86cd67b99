//! The entry that the registry gets for a saved image.

use archive::Image;
use chrono::{SubsecRound, Utc};
use inventory::Inventory;
use naming::{Architecture, Digest, ImageName, NameError};
use registry::{Entry, Registry};

/// What was found in an image that has just been written to disk.
#[derive(Debug)]
pub struct Contents<'a> {
    /// The image as the archive index shows it.
    pub image: &'a Image,
    /// What is installed.
    pub inventory: &'a Inventory,
}

/// What an entry says of an image's contents. The saver adds what it knows itself: identity,
/// size, file and time.
#[derive(Debug, Clone, Default)]
pub struct DraftEntry {
    /// `ubuntu:25.04`; where `None`, what the image's os-release says.
    pub os: Option<String>,
    /// `gcc-15`.
    pub compilers: Vec<String>,
    /// Package names.
    pub packages: Vec<String>,
    /// Tool names.
    pub tools: Vec<String>,
    /// `asan`.
    pub variants: Vec<String>,
    /// The fingerprint of the build, where there was one.
    pub fingerprint: Option<Digest>,
    /// The entry that it was built on.
    pub base: Option<String>,
}

impl DraftEntry {
    /// All that the image holds, as `imgsave` records it.
    pub fn of(contents: &Contents) -> Self {
        let inventory = contents.inventory;
        Self {
            compilers: inventory
                .compilers
                .iter()
                .map(ToString::to_string)
                .collect(),
            packages: inventory.packages.keys().cloned().collect(),
            tools: inventory.tools.iter().map(ToString::to_string).collect(),
            ..Self::default()
        }
    }
}

/// The entry for an image: what an old entry of that name says of its place, tag and use stays, what it
/// says of the contents does not. Length and digest of the archive are still to come.
pub(crate) fn complete(
    registry: &Registry,
    name: &ImageName,
    contents: &Contents,
    draft: DraftEntry,
) -> Result<Entry, NameError> {
    let config = &contents.image.config;
    let found = contents.inventory.os.as_ref().map(ToString::to_string);
    let os = draft.os.or(found).unwrap_or_else(|| name.os().to_string());
    let architecture =
        Architecture::from_oci(&config.architecture, config.variant.as_deref())?.to_string();
    let mut entry = match registry.get(name.as_str()) {
        Some(old) => old.clone(),
        None => Entry::new(
            name.as_str(),
            name.archive_file(),
            name.reference()?,
            "",
            "",
        ),
    };
    entry.os = os;
    entry.architecture = architecture;
    entry.compilers = draft.compilers;
    entry.packages = draft.packages;
    entry.tools = draft.tools;
    entry.variants = draft.variants;
    entry.fingerprint = draft.fingerprint;
    entry.base = draft.base;
    entry.created = Some(Utc::now().trunc_subsecs(0));
    entry.image_id = Some(contents.image.image_id);
    // Both were true of the archive that was there before.
    entry.thin = false;
    entry.remote = None;
    Ok(entry)
}

/// Whole megabytes (10^6 bytes), at least one.
pub(crate) fn megabytes(bytes: u64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "sizes in megabytes are far below 2^53"
    )]
    let whole = bytes.div_ceil(1_000_000).max(1) as f64;
    whole
}
