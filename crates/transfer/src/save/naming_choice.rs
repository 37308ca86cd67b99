//! The name of a saved image.

use failure::Failure;
use inventory::Inventory;
use naming::{ImageName, Os, Reference};
use registry::Entry;

/// The hint if no name is known.
pub(crate) const NAMES: &str = "give --name NAME, or --project and --variant";

/// How to find the name of an image.
#[derive(Debug, Clone)]
pub enum Naming {
    /// A given name.
    Given(ImageName),
    /// From the operating system of the image.
    FromImage {
        /// The project part.
        project: String,
        /// The variant part.
        variant: String,
    },
    /// From the published reference, and the operating system of the image: `nginx:1.27` is `nginx-debian-12-1.27`, and
    /// in a project `capy-debian-12-nginx1.27`; `debian:12` is `debian-debian-12-base`.
    FromRemote {
        /// The project part, if given.
        project: Option<String>,
        /// The published reference.
        reference: Reference,
    },
}

impl Naming {
    /// From a project and a variant, to be joined with the image's own operating system. Checks them with a valid
    /// sample system.
    pub fn from_image(project: &str, variant: &str, normalize: bool) -> Result<Self, Failure> {
        let os = Os::from_os_release("scratch", None, None)?;
        let normal = |text: &str| {
            if normalize {
                normalized_part(text)
            } else {
                text.to_owned()
            }
        };
        let (project, variant) = (normal(project), normal(variant));
        let made = ImageName::new(&project, &os, &variant);
        made.map_err(|refused| {
            let message = format!(
                "`{project}-<os>-{variant}` is not an image name: it {}",
                refused.rule()
            );
            let nearest = (normalized_part(&project), normalized_part(&variant));
            let failure = Failure::invalid(message);
            if nearest == (project.clone(), variant.clone()) {
                return failure.with_hint(
                    "`<os>` comes from the image; a project must not contain a distribution",
                );
            }
            failure.with_hint(format!(
                "`{}-<os>-{}` is valid; --normalize uses it",
                nearest.0, nearest.1
            ))
        })?;
        Ok(Self::FromImage { project, variant })
    }

    /// From the last part of a reference's repository.
    pub(crate) fn from_reference(reference: &Reference, normalize: bool) -> Result<Self, Failure> {
        let repository = reference.repository();
        let last = repository.rsplit('/').next().unwrap_or_default();
        compliant_name(last, normalize)
            .map(Self::Given)
            .map_err(|refused| match ImageName::normalize(last) {
                Ok(_) => refused,
                Err(_) => refused.with_hint(NAMES),
            })
    }

    /// The name, if it is known before the image is read.
    pub fn known(&self) -> Option<&ImageName> {
        match self {
            Self::Given(name) => Some(name),
            Self::FromImage { .. } | Self::FromRemote { .. } => None,
        }
    }

    /// The project part of the name, which is known before the image is read.
    pub(crate) fn project(&self) -> String {
        match self {
            Self::Given(name) => name.project().to_owned(),
            Self::FromImage { project, .. } => project.clone(),
            Self::FromRemote { project, reference } => {
                project.clone().unwrap_or_else(|| last_part(reference))
            }
        }
    }

    /// Whether the image may get the name of an entry.
    pub fn may_be(&self, entry: &Entry) -> bool {
        match self {
            Self::Given(name) => name.as_str() == entry.name,
            Self::FromImage { project, variant } => entry
                .image_name()
                .is_ok_and(|name| name.project() == project && name.variant() == variant),
            Self::FromRemote { .. } => true,
        }
    }

    /// The name, after the image was read.
    pub(crate) fn decide(&self, inventory: &Inventory) -> Result<ImageName, Failure> {
        match self {
            Self::Given(name) => Ok(name.clone()),
            Self::FromImage { project, variant } => {
                Ok(ImageName::new(project, os_of(inventory)?, variant)?)
            }
            Self::FromRemote { project, reference } => {
                // Images of single programs have no system, and a user who fetches many images cannot name each.
                let os = match &inventory.os {
                    Some(os) => os.clone(),
                    None => SCRATCH.parse()?,
                };
                let (project, variant) = remote_parts(project.as_deref(), reference, &os);
                ImageName::new(&project, &os, &variant).map_err(|refused| {
                    Failure::invalid(format!(
                        "`{project}-<os>-{variant}`, made from `{reference}`, is no image name: it {}",
                        refused.rule()
                    ))
                    .with_hint(NAMES)
                })
            }
        }
    }
}

/// The system part for an image without a system.
const SCRATCH: &str = "scratch";

fn os_of(inventory: &Inventory) -> Result<&Os, Failure> {
    inventory.os.as_ref().ok_or_else(|| {
        Failure::invalid("the image does not state its operating system (no /etc/os-release)")
            .with_hint("give the full name with --name")
    })
}

/// The project and the variant of an image with a published reference.
fn remote_parts(project: Option<&str>, reference: &Reference, os: &Os) -> (String, String) {
    let last = last_part(reference);
    let tag = reference.tag().filter(|tag| *tag != "latest");
    let tag = tag.map(normalized_part).unwrap_or_default();
    // An image of a plain system has no other program. Its tag repeats the system's version.
    if last == os.distribution() {
        return (project.unwrap_or(&last).to_owned(), "base".to_owned());
    }
    let variant = match (project, tag.as_str()) {
        (None, "") => "latest".to_owned(),
        (None, tag) => tag.to_owned(),
        (Some(_), "") => last.clone(),
        // A compiler's name and its number are written together.
        (Some(_), tag) if tag.starts_with(|c: char| c.is_ascii_digit()) => format!("{last}{tag}"),
        (Some(_), tag) => format!("{last}-{tag}"),
    };
    (project.unwrap_or(&last).to_owned(), variant)
}

/// The part of a reference's repository that names the image, as a name part.
fn last_part(reference: &Reference) -> String {
    let repository = reference.repository();
    normalized_part(repository.rsplit('/').next().unwrap_or_default())
}

/// A name part with invalid characters replaced by dashes.
fn normalized_part(text: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    let dashed: String = text.chars().map(plain).collect();
    dashed
        .split(['-'])
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("-")
}

/// The name in a text, or with `normalize` the nearest valid one. The error suggests that one.
pub fn compliant_name(text: &str, normalize: bool) -> Result<ImageName, Failure> {
    let refused = match text.parse() {
        Ok(name) => return Ok(name),
        Err(refused) => refused,
    };
    match ImageName::normalize(text) {
        Ok(name) if normalize => Ok(name),
        Ok(name) => {
            Err(Failure::from(refused).with_hint(format!("`{name}` is valid; --normalize uses it")))
        }
        Err(_) => Err(refused.into()),
    }
}

#[cfg(test)]
mod tests {
    use failure::Code;

    use super::*;

    fn from_reference(text: &str, normalize: bool) -> Result<Naming, Failure> {
        Naming::from_reference(&text.parse().expect("a reference"), normalize)
    }

    #[test]
    fn a_reference_says_the_name() {
        for reference in [
            "capy-debian-12-base",
            "capy-debian-12-base:7",
            "registry.example:5000/ci/capy-debian-12-base:latest",
        ] {
            let naming = from_reference(reference, false).expect(reference);
            let name = naming.known().map(ImageName::as_str);
            assert_eq!(name, Some("capy-debian-12-base"), "{reference}");
        }
    }

    #[test]
    fn a_refusal_offers_the_name_that_complies_or_says_how_to_give_one() {
        let refused = from_reference("capy-debian-12--base", false).expect_err("doubled");
        assert_eq!(refused.code(), Code::Invalid);
        assert!(
            refused.to_string().ends_with("--normalize uses it"),
            "{refused}"
        );
        assert!(from_reference("capy-debian-12--base", true).is_ok());
        let hopeless = from_reference("my/thing:1", true).expect_err("no system");
        assert_eq!(hopeless.code(), Code::Invalid);
        assert!(hopeless.to_string().ends_with(NAMES), "{hopeless}");
    }

    #[test]
    fn project_and_variant_are_checked_before_the_image_is_read() {
        for (project, variant) in [
            ("", "base"),
            ("Capy", "base"),
            ("capy", "gcc 12"),
            ("capy", ""),
        ] {
            let refused = Naming::from_image(project, variant, false).expect_err("refused");
            assert_eq!(refused.code(), Code::Invalid, "{project} {variant}");
        }
        let Ok(Naming::FromImage { project, variant }) =
            Naming::from_image("My Lib", "GCC 12", true)
        else {
            panic!("not from the image")
        };
        assert_eq!((project.as_str(), variant.as_str()), ("my-lib", "gcc-12"));
    }

    #[test]
    fn what_was_published_has_a_name() {
        let os: Os = "debian:12".parse().expect("a system");
        for (project, reference, expected) in [
            (None, "nginx:1.27", ("nginx", "1.27")),
            (None, "docker.io/bitnami/redis", ("redis", "latest")),
            (
                None,
                "ghcr.io/a/My-App:V2_x".to_lowercase().as_str(),
                ("my-app", "v2_x"),
            ),
            (None, "python:3.12-SLIM", ("python", "3.12-slim")),
            (None, "debian:12", ("debian", "base")),
            (Some("capy"), "debian:bookworm-slim", ("capy", "base")),
            (Some("capy"), "gcc:15", ("capy", "gcc15")),
            (Some("capy"), "gcc", ("capy", "gcc")),
            (Some("capy"), "node:lts", ("capy", "node-lts")),
        ] {
            let reference: Reference = reference.parse().expect(reference);
            let (project, variant) = remote_parts(project, &reference, &os);
            assert_eq!(
                (project.as_str(), variant.as_str()),
                expected,
                "{reference}"
            );
            ImageName::new(&project, &os, &variant).expect("a name");
        }
    }
}
