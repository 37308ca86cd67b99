//! What a saved image is to be called.

use cli::Failure;
use inventory::Inventory;
use naming::{ImageName, Os, Reference};

/// What to do where no name is known.
pub(crate) const NAMES: &str = "give --name NAME, or --project and --variant";

/// How the name of an image is found.
#[derive(Debug, Clone)]
pub enum Naming {
    /// This one.
    Given(ImageName),
    /// From the operating system that the image itself names.
    FromImage {
        /// The project part.
        project: String,
        /// The variant part.
        variant: String,
    },
}

impl Naming {
    /// From a project and a variant, to be put together with the image's own operating system. Checked with a
    /// system that any name may have.
    pub(crate) fn from_image(
        project: &str,
        variant: &str,
        normalize: bool,
    ) -> Result<Self, Failure> {
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
                "`{project}-<os>-{variant}` is no image name: it {}",
                refused.rule()
            );
            let nearest = (normalized_part(&project), normalized_part(&variant));
            let failure = Failure::invalid(message);
            if nearest == (project.clone(), variant.clone()) {
                return failure
                    .with_hint("`<os>` is what the image says; a project holds no distribution");
            }
            failure.with_hint(format!(
                "`{}-<os>-{}` would do; --normalize uses it",
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

    /// The name that is known before the image was looked into.
    pub(crate) fn known(&self) -> Option<&ImageName> {
        match self {
            Self::Given(name) => Some(name),
            Self::FromImage { .. } => None,
        }
    }

    /// The name, now that the image was looked into.
    pub(crate) fn decide(&self, inventory: &Inventory) -> Result<ImageName, Failure> {
        match self {
            Self::Given(name) => Ok(name.clone()),
            Self::FromImage { project, variant } => {
                let os = inventory.os.as_ref().ok_or_else(|| {
                    Failure::invalid(
                        "the image does not say its operating system (no /etc/os-release)",
                    )
                    .with_hint("give the whole name with --name")
                })?;
                Ok(ImageName::new(project, os, variant)?)
            }
        }
    }
}

/// A part of a name with everything that no name may hold turned into dashes.
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

/// The name that a text is, or with `normalize` the nearest one that complies. The refusal offers that one.
pub fn compliant_name(text: &str, normalize: bool) -> Result<ImageName, Failure> {
    let refused = match text.parse() {
        Ok(name) => return Ok(name),
        Err(refused) => refused,
    };
    match ImageName::normalize(text) {
        Ok(name) if normalize => Ok(name),
        Ok(name) => {
            Err(Failure::from(refused).with_hint(format!("`{name}` would do; --normalize uses it")))
        }
        Err(_) => Err(refused.into()),
    }
}

#[cfg(test)]
mod tests {
    use cli::Code;

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
}
