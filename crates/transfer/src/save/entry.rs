//! The registry entry of a saved image.

use archive::Image;
use chrono::{SubsecRound, Utc};
use inventory::Inventory;
use naming::{Architecture, Digest, ImageName, NameError, Os, Reference};
use registry::{Entry, Registry, Requested, Store};

/// The contents of an image that was just written to disk.
#[derive(Debug)]
pub struct Contents<'a> {
    /// The name of the image.
    pub name: &'a ImageName,
    /// The image as the archive index shows it.
    pub image: &'a Image,
    /// Its installed software.
    pub inventory: &'a Inventory,
}

/// The contents of an image, for its entry. The saver adds identity, size, file and time.
#[derive(Debug, Clone, Default)]
pub struct DraftEntry {
    /// `ubuntu:25.04`; if `None`, the value of the image's os-release.
    pub os: Option<String>,
    /// `gcc-15`.
    pub compilers: Vec<String>,
    /// Package names.
    pub packages: Vec<String>,
    /// Tool names.
    pub tools: Vec<String>,
    /// `asan`; if `None`, an old entry keeps its variants, and a new entry gets those of its name.
    pub variants: Option<Vec<String>>,
    /// The requirements that it was built for, from all parts of its name.
    pub requested: Option<Requested>,
    /// The fingerprint of the build, if there was one.
    pub fingerprint: Option<Digest>,
    /// The duration of the build, in seconds.
    pub build_seconds: Option<f64>,
    /// The reason for the build.
    pub built_because: Option<String>,
    /// The inputs of the build.
    pub inputs: Vec<String>,
    /// The entry of its base.
    pub base: Option<String>,
    /// Its published reference. If `None`, an old entry of the same image keeps its own.
    pub remote: Option<Reference>,
    /// A further tag when it is loaded, besides those of an old entry.
    pub alias: Option<Reference>,
    /// Whether the old entry is of this image, even if it does not name it: only the archive's form changes.
    pub same_image: bool,
}

impl From<&Entry> for DraftEntry {
    /// The contents that an entry lists.
    fn from(entry: &Entry) -> Self {
        Self {
            os: Some(entry.os.clone()),
            compilers: entry.compilers.clone(),
            packages: entry.packages.clone(),
            tools: entry.tools.clone(),
            variants: Some(entry.variants.clone()),
            requested: entry.requested.clone(),
            fingerprint: entry.fingerprint,
            build_seconds: entry.build_seconds,
            built_because: entry.built_because.clone(),
            inputs: entry.inputs.clone(),
            base: entry.base.clone(),
            remote: None,
            alias: None,
            same_image: true,
        }
    }
}

impl DraftEntry {
    /// The contents of an old entry, if it is of this image; else all contents of the image.
    pub fn kept(store: &Store, entry: Option<&Entry>, contents: &Contents) -> Self {
        let found = Self::of(contents);
        let Some(entry) = entry else {
            return found;
        };
        let registered = entry.image_id.or_else(|| {
            let archived = thin::open(store, entry).ok()?;
            Some(archived.image().image_id)
        });
        if registered != Some(contents.image.image_id) {
            return found;
        }
        let mut kept = Self::from(entry);
        // A handwritten entry may be incomplete.
        if entry.image_id.is_none() {
            add(&mut kept.compilers, found.compilers);
            add(&mut kept.packages, found.packages);
            add(&mut kept.tools, found.tools);
        }
        kept
    }

    /// All contents of the image, as `imgsave` records them.
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

/// Adds the missing items to a list.
fn add(list: &mut Vec<String>, more: Vec<String>) {
    for name in more {
        if !list.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
            list.push(name);
        }
    }
}

/// The entry for an image. It keeps the path, tag and use of an old entry with that name, but not its contents. The
/// length and the digest of the archive are set later.
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
        None => {
            let (file, tag) = (name.archive_file(), name.reference()?);
            let mut entry = Entry::new(name.as_str(), file, tag, "", "");
            entry.variants = variants_in(name);
            entry
        }
    };
    entry.os = os;
    entry.architecture = architecture;
    entry.compilers = draft.compilers;
    entry.packages = draft.packages;
    entry.tools = draft.tools;
    if let Some(variants) = draft.variants {
        entry.variants = variants;
    }
    if let Some(alias) = draft.alias.filter(|alias| !entry.aliases.contains(alias)) {
        entry.aliases.push(alias);
    }
    entry.requested = draft.requested;
    entry.fingerprint = draft.fingerprint;
    entry.build_seconds = draft.build_seconds;
    entry.built_because = draft.built_because;
    entry.inputs = draft.inputs;
    entry.base = draft.base;
    // The old values describe the previous image.
    let same = draft.same_image || entry.image_id == Some(contents.image.image_id);
    if !same || entry.created.is_none() {
        entry.created = Some(Utc::now().trunc_subsecs(0));
    }
    if !same || draft.remote.is_some() {
        entry.remote = draft.remote;
    }
    entry.image_id = Some(contents.image.image_id);
    entry.thin = false;
    Ok(entry)
}

/// The variants in a name that mean the same in every project. The files of an image do not show them.
fn variants_in(name: &ImageName) -> Vec<String> {
    let known = |part: &&str| matches!(*part, "cov" | "asan" | "ubsan" | "tsan" | "x86");
    name.variant()
        .split('-')
        .filter(known)
        .map(str::to_owned)
        .collect()
}

/// Whether an image whose system is `found` contradicts `said`: another distribution, or another number. A codename and
/// a number may mean the same. `12` includes `12.5`.
pub fn contradicts(found: &Os, said: &Os) -> bool {
    if found.distribution() != said.distribution() {
        return true;
    }
    let numbers = |os: &Os| -> Vec<String> {
        let version = os.version().unwrap_or_default();
        let number = version.split(['-', '_']).next().unwrap_or_default();
        if number.starts_with(|c: char| c.is_ascii_digit()) {
            number.split('.').map(str::to_owned).collect()
        } else {
            Vec::new()
        }
    };
    numbers(found)
        .iter()
        .zip(&numbers(said))
        .any(|(found, said)| found != said)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_whole_megabytes() {
        for (bytes, megabytes_of) in [(0, 1.0), (1, 1.0), (1_000_000, 1.0), (1_000_001, 2.0)] {
            assert!((megabytes(bytes) - megabytes_of).abs() < 0.01, "{bytes}");
        }
    }

    #[test]
    fn a_name_says_variants() {
        for (name, variants) in [
            ("capy-debian-12-gcc12", &[][..]),
            ("capy-debian-12-clang15-asan-x86", &["asan", "x86"]),
            ("asan-debian-12-cov", &["cov"]),
        ] {
            assert_eq!(
                variants_in(&name.parse().expect("a name")),
                variants,
                "{name}"
            );
        }
    }

    #[test]
    fn systems_contradict_each_other_only_for_sure() {
        let os = |text: &str| text.parse::<Os>().expect("a system");
        for (found, said, contradiction) in [
            ("debian:12", "debian:12", false),
            ("debian:12", "debian:bookworm", false),
            ("debian:12", "debian:12-slim", false),
            ("rocky:9.4", "rocky:9", false),
            ("debian:12", "debian:13", true),
            ("ubuntu:24.04", "ubuntu:24.10", true),
            ("debian:12", "ubuntu:24.04", true),
        ] {
            assert_eq!(
                contradicts(&os(found), &os(said)),
                contradiction,
                "{found} {said}"
            );
        }
    }
}
