//! The architecture of a requirement, from its system and variants.
//!
//! 32-bit Intel is an architecture (`i386/debian:12`) and a variant (a 64-bit system with 32-bit libraries). Users mean
//! the same by both: each has the variant `x86`, and an image of one kind meets a requirement of the other.

use naming::{Architecture, Variant};
use registry::Entry;

use crate::Requirement;

/// The architecture and the variants of a requirement, from its named ones. The default is the host's architecture. The
/// error names the contradiction.
pub fn settle(
    named: Option<Architecture>,
    variants: Vec<Variant>,
) -> Result<(Architecture, Vec<Variant>), String> {
    let x86 = Variant::x86();
    let mut architecture = named;
    let mut kept = Vec::new();
    for variant in variants {
        let means = match variant.as_str().parse() {
            Ok(means) if variant != x86 => means,
            _ => {
                kept.push(variant);
                continue;
            }
        };
        if architecture.is_some_and(|architecture| architecture != means) {
            let other = architecture.map(|it| it.to_string()).unwrap_or_default();
            return Err(format!(
                "variant `{variant}` contradicts the architecture {other}"
            ));
        }
        architecture = Some(means);
    }
    let is_x86 = kept.contains(&x86);
    let architecture = match (architecture, is_x86) {
        (None, true) => Architecture::X86_64,
        (architecture, _) => architecture.unwrap_or_else(Architecture::host),
    };
    match (architecture, is_x86) {
        (Architecture::X86, false) => kept.push(x86),
        (Architecture::X86 | Architecture::X86_64, _) | (_, false) => {}
        (other, true) => {
            return Err(format!(
                "variant `x86` contradicts the architecture {other}"
            ));
        }
    }
    Ok((architecture, kept))
}

/// Whether an image is for 32-bit Intel, in either form.
pub(crate) fn is_x86(entry: &Entry) -> bool {
    let x86 = Variant::x86();
    let says = |variant: &String| variant.parse() == Ok(x86.clone());
    match entry.architecture.parse() {
        Ok(Architecture::X86) => true,
        Ok(Architecture::X86_64) => entry.variants.iter().any(says),
        _ => false,
    }
}

/// Whether an image fits a requirement: it has the architecture, or both are for 32-bit Intel.
pub(crate) fn fits(requirement: &Requirement, entry: &Entry) -> bool {
    let wants_x86 = requirement.variants.contains(&Variant::x86());
    is_same(requirement, entry) || (wants_x86 && is_x86(entry))
}

/// Whether an image has exactly this architecture, so that it can be a base.
pub(crate) fn is_same(requirement: &Requirement, entry: &Entry) -> bool {
    entry.architecture.parse() == Ok(requirement.architecture)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_architecture_is_said_once() {
        use Architecture::{Aarch64, X86, X86_64};
        let host = Architecture::host();
        for (named, variants, expected) in [
            (None, &[][..], Ok((host, vec![]))),
            (Some(Aarch64), &["asan"], Ok((Aarch64, vec!["asan"]))),
            (
                Some(Aarch64),
                &["arm64", "asan"],
                Ok((Aarch64, vec!["asan"])),
            ),
            (None, &["arm64"], Ok((Aarch64, vec![]))),
            (Some(X86), &[], Ok((X86, vec!["x86"]))),
            (Some(X86), &["i386"], Ok((X86, vec!["x86"]))),
            (None, &["i686"], Ok((X86_64, vec!["x86"]))),
            (Some(X86_64), &["x86"], Ok((X86_64, vec!["x86"]))),
            (Some(X86_64), &["amd64"], Ok((X86_64, vec![]))),
            (
                Some(X86_64),
                &["arm64"],
                Err("variant `arm64` contradicts the architecture x86_64"),
            ),
            (
                Some(Aarch64),
                &["x86"],
                Err("variant `x86` contradicts the architecture aarch64"),
            ),
        ] {
            let parsed = variants
                .iter()
                .map(|variant| variant.parse().expect("a variant"));
            let found = settle(named, parsed.collect());
            let expected = expected
                .map_err(str::to_owned)
                .map(|(architecture, variants)| {
                    let variants = variants
                        .into_iter()
                        .map(|it| it.parse().expect("a variant"));
                    (architecture, variants.collect::<Vec<Variant>>())
                });
            assert_eq!(found, expected, "{named:?} {variants:?}");
        }
    }
}
