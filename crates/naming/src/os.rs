//! Operating systems: a distribution and, for most, a version.
//!
//! Accepted spellings:
//!
//! - `ubuntu:25.04`, also with a digest
//! - Docker Hub's official image: `docker.io/library/ubuntu:25.04@sha256:…`, `arm64v8/ubuntu:25.04`
//! - the dashed form of image names: `ubuntu-25.04`
//! - labels of GitHub's runners: `ubuntu-24.04-arm`, `ubuntu-latest`
//! - a bare distribution
//!
//! An image of another registry or organisation (`acme/debian:12`) may have any contents, so it is no system. Case does
//! not matter. The part after a version's dash is an image flavour (`bookworm-slim`).

use std::fmt;
use std::str::FromStr;

use crate::distribution;
use crate::text::as_text;
use crate::{Architecture, NameError, Reference};

/// The version of `ubuntu-latest` on GitHub's runners (actions/runner-images, "Available Images").
const UBUNTU_LATEST: &str = "24.04";

/// The longest version, in bytes: a tag's limit.
const MAX_VERSION: usize = 128;

/// A distribution and its version, lower case. Unknown distributions are accepted, for people's own bases; only
/// [`crate::ImageName`] requires a known one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Os {
    distribution: String,
    version: Option<String>,
}

impl Os {
    fn new(distribution: &str, version: Option<&str>) -> Self {
        let row = distribution::find(distribution);
        let rolling = row.is_some_and(|row| !row.versioned);
        Self {
            distribution: row.map_or(distribution, |row| row.name).to_owned(),
            version: version
                .filter(|version| !(rolling && *version == "latest"))
                .map(str::to_owned),
        }
    }

    /// The distribution in the spelling of image names: `ubuntu`, `archlinux`.
    pub fn distribution(&self) -> &str {
        &self.distribution
    }

    /// `25.04`, `bookworm`, `bookworm-slim`; `None` for a rolling distribution.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// From the fields of os-release(5): `ID`, `VERSION_ID`, `VERSION_CODENAME`. A versioned distribution without
    /// `VERSION_ID` (Debian testing) is named by its codename.
    pub fn from_os_release(
        id: &str,
        version_id: Option<&str>,
        codename: Option<&str>,
    ) -> Result<Self, NameError> {
        let id = id.to_ascii_lowercase();
        let rolling = distribution::find(&id).is_some_and(|row| !row.versioned);
        // Alpine has 3.20.3, its images and our names have 3.20; an edge image has 3.21_alpha….
        let version = version_id.or(codename).filter(|_| !rolling).map(|version| {
            let version = version.to_ascii_lowercase();
            match (id.as_str(), version.match_indices('.').nth(1)) {
                ("alpine", _) if version.contains("_alpha") => "edge".to_owned(),
                ("alpine", Some((second_dot, _))) => version[..second_dot].to_owned(),
                _ => version,
            }
        });
        check(&id, &id, version.as_deref())?;
        Ok(Self::new(&id, version.as_deref()))
    }

    /// The parts of an image name for this system: the distribution, the version up to its first dash, and the flavour
    /// after it.
    pub(crate) fn name_parts(&self) -> (&str, Option<&str>, Option<&str>) {
        let rolling = distribution::find(&self.distribution).is_some_and(|row| !row.versioned);
        match self.version.as_deref() {
            Some(flavour) if rolling => (&self.distribution, None, Some(flavour)),
            Some(version) => match version.split_once('-') {
                Some((version, flavour)) => (&self.distribution, Some(version), Some(flavour)),
                None => (&self.distribution, Some(version), None),
            },
            None => (&self.distribution, None, None),
        }
    }
}

/// The system of a GitHub runner label: `ubuntu-24.04`, `ubuntu-24.04-arm`, `ubuntu-latest`. `None` for Windows, macOS
/// and self-hosted labels.
pub fn runner(label: &str) -> Option<(Os, Architecture)> {
    let label = label.to_ascii_lowercase();
    let version = label.strip_prefix("ubuntu-")?;
    let (version, architecture) = match version.strip_suffix("-arm") {
        Some(version) => (version, Architecture::Aarch64),
        None => (version, Architecture::X86_64),
    };
    let version = if version == "latest" {
        UBUNTU_LATEST
    } else {
        version
    };
    let (year, month) = version.split_once('.')?;
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    (digits(year) && digits(month)).then(|| (Os::new("ubuntu", Some(version)), architecture))
}

/// An operating system as an official image of its distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemImage {
    /// The system.
    pub os: Os,
    /// The architecture, if the image is for only one: `i386/debian:12`.
    pub architecture: Option<Architecture>,
    /// The image.
    pub reference: Reference,
}

impl FromStr for SystemImage {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let lower = text.trim().to_ascii_lowercase();
        of_image(text, &reference(text, &lower)?)
    }
}

fn reference(text: &str, lower: &str) -> Result<Reference, NameError> {
    let refused = |error: NameError| NameError::new("operating system", text, error.rule());
    lower.parse().map_err(refused)
}

/// The system of an official image.
fn of_image(text: &str, reference: &Reference) -> Result<SystemImage, NameError> {
    let path = reference.path();
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let architecture = Architecture::of_organisation(folder);
    // Some distributions publish their images in their own folder: `opensuse/leap`.
    let own = distribution::find(&path.replace('/', "-")).map(|row| row.name);
    let name = match own {
        Some(name) => name,
        None if folder == "library" || architecture.is_some() => name,
        None => "",
    };
    if !reference.is_of_hub() || name.is_empty() {
        let tag = reference.tag().unwrap_or("VERSION");
        let last = path.rsplit('/').next().unwrap_or_default();
        let why =
            "is an image of another registry or organisation, not a distribution's official one";
        return Err(NameError::new("operating system", text, why).with_hint(format!(
            "write its operating system, like `{last}:{tag}`; to build on this image, set the plan's `base_image` or a `build.dockerfile`"
        )));
    }
    // The default tag is not a version.
    let tagged = text
        .split('@')
        .next()
        .and_then(|name| name.rsplit('/').next());
    let is_tagged = tagged.is_some_and(|last| last.contains(':'));
    let version = reference.tag().filter(|_| is_tagged);
    check(text, name, version)?;
    Ok(SystemImage {
        os: Os::new(name, version),
        architecture,
        reference: reference.clone(),
    })
}

fn check(text: &str, distribution: &str, version: Option<&str>) -> Result<(), NameError> {
    let part = |part: &str| {
        let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let bytes = part.as_bytes();
        !bytes.is_empty()
            && bytes.len() <= MAX_VERSION
            && word(bytes[0])
            && word(bytes[bytes.len() - 1])
            && bytes
                .iter()
                .all(|b| word(*b) || matches!(b, b'.' | b'_' | b'-'))
    };
    let hint = "write it like `ubuntu:25.04`, `debian:12`, `alpine:3.20` or `archlinux`";
    if !part(distribution) {
        return Err(NameError::new(
            "operating system",
            text,
            "is not the name of a distribution",
        )
        .with_hint(hint));
    }
    match version {
        Some(version) if !part(version) => {
            Err(NameError::new("operating system", text, "has no valid version").with_hint(hint))
        }
        _ => Ok(()),
    }
}

impl FromStr for Os {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let lower = text.trim().to_ascii_lowercase();
        if let Some((os, _)) = runner(&lower) {
            return Ok(os);
        }
        if lower.contains([':', '/', '@']) {
            // Parse it as an image reference to validate digest, registry and tag.
            return of_image(text, &reference(text, &lower)?).map(|image| image.os);
        }
        if distribution::find(&lower).is_some() {
            return Ok(Self::new(&lower, None));
        }
        let dashed = distribution::DISTRIBUTIONS.iter().find_map(|row| {
            let version = [row.name]
                .iter()
                .chain(row.aliases)
                .find_map(|name| lower.strip_prefix(name)?.strip_prefix('-'))?;
            let first = version.split('-').next().unwrap_or_default();
            row.is_version(first).then_some((row.name, version))
        });
        let (name, version) = match dashed {
            Some((name, version)) => (name, Some(version)),
            None => (lower.as_str(), None),
        };
        check(text, name, version)?;
        Ok(Self::new(name, version))
    }
}

impl fmt::Display for Os {
    /// `ubuntu:25.04`, also valid after `FROM`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.distribution)?;
        match &self.version {
            Some(version) => write!(f, ":{version}"),
            None => Ok(()),
        }
    }
}

as_text!(Os);

#[cfg(test)]
mod tests;
