//! Checks that a name stands for one kind of image: one architecture, one set of compilers and variants.

use failure::Failure;
use naming::{Architecture, Compiler, ImageName, Variant};
use plan::{Plan, Requirement};
use registry::Entry;

/// Refuses an image whose architecture contradicts its name.
pub(crate) fn check_architecture(
    name: &ImageName,
    architecture: Architecture,
) -> Result<(), Failure> {
    let said = name
        .variant()
        .split('-')
        .filter_map(|part| part.parse().ok());
    let said: Vec<Architecture> = said.collect();
    // `x86` is also a variant of 64-bit images.
    let fits = |said: &Architecture| {
        *said == architecture || (*said, architecture) == (Architecture::X86, Architecture::X86_64)
    };
    let said_by_default = [Architecture::X86_64];
    let says = if said.is_empty() {
        &said_by_default[..]
    } else {
        &said
    };
    if says.iter().any(fits) {
        return Ok(());
    }
    let failure = Failure::invalid(format!(
        "the name is for {}, but the image would be for {architecture}",
        says[0]
    ));
    let hint = match architecture.in_name().filter(|_| said.is_empty()) {
        Some(suffix) => format!("use the name `{name}-{suffix}`, or choose another base"),
        None => "use another name or another base".to_owned(),
    };
    Err(failure.about(name.as_str()).with_hint(hint))
}

/// Refuses a plan if its name's image was built for other compilers or variants with the same name: each of the two
/// would replace the other.
pub(crate) fn check_variants(
    plan: &Plan,
    name: &ImageName,
    entry: Option<&Entry>,
) -> Result<(), Failure> {
    let built = entry.filter(|entry| entry.fingerprint.is_some());
    let (Some(entry), Some(wanted)) = (built, &plan.requirements) else {
        return Ok(());
    };
    if !is_another(name, wanted, entry) {
        return Ok(());
    }
    let asked = words(wanted.compilers.iter(), wanted.variants.iter());
    let has = words(entry.compilers.iter(), entry.variants.iter());
    Err(Failure::invalid(format!(
        "the image was built with {has}, but the plan of the same name asks for {asked}"
    ))
    .about(name.as_str())
    .with_hint("give one of them another variant, or replace the image with --rebuild"))
}

/// Whether an image has a variant that is in its name but not in the requirement, or a compiler that is required as a
/// variant.
fn is_another(name: &ImageName, wanted: &Requirement, entry: &Entry) -> bool {
    let tail = format!("-{}-", name.variant());
    let is_wanted = |variant: &Variant| wanted.variants.contains(variant);
    let variants = entry.variants.iter();
    let mut variants = variants.filter_map(|text| text.parse::<Variant>().ok());
    let is_other = |variant: Variant| {
        let is_architecture = variant.as_str().parse::<Architecture>().is_ok();
        !is_architecture && !is_wanted(&variant) && tail.contains(&format!("-{variant}-"))
    };
    let compilers = entry.compilers.iter();
    let mut compilers = compilers.filter_map(|text| text.parse::<Compiler>().ok());
    let lacks = |variant: &&Variant| {
        let mut there = entry.variants.iter();
        !there.any(|there| there.eq_ignore_ascii_case(variant.as_str()))
    };
    variants.any(is_other)
        || compilers.any(|compiler| {
            let mut lacking = wanted.variants.iter().filter(lacks);
            lacking.any(|variant| variant.as_str() == compiler.in_name())
        })
}

/// `compilers gcc-12 and variants a, b`
fn words(
    compilers: impl Iterator<Item = impl ToString>,
    variants: impl Iterator<Item = impl ToString>,
) -> String {
    let list = |what: &str, names: Vec<String>| match &names[..] {
        [] => format!("no {what}s"),
        [name] => format!("{what} {name}"),
        names => format!("{what}s {}", names.join(", ")),
    };
    let compilers = compilers.map(|it| it.to_string()).collect();
    let variants = variants.map(|it| it.to_string()).collect();
    format!(
        "{} and {}",
        list("compiler", compilers),
        list("variant", variants)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_the_architecture() {
        use Architecture::{Aarch64, X86, X86_64};
        for (name, architecture, fits) in [
            ("x-debian-12-c", X86_64, true),
            ("x-debian-12-c", Aarch64, false),
            ("x-debian-12-c", X86, false),
            ("x-debian-12-c-arm64", Aarch64, true),
            ("x-debian-12-aarch64-c", Aarch64, true),
            ("x-debian-12-c-arm64", X86_64, false),
            ("x-debian-12-c-arm64", X86, false),
            ("x-debian-12-x86", X86, true),
            ("x-debian-12-x86", X86_64, true),
            ("x-debian-12-x86", Aarch64, false),
            ("arm64-debian-12-c", X86_64, true),
        ] {
            let checked = check_architecture(&name.parse().expect(name), architecture);
            assert_eq!(checked.is_ok(), fits, "{name} {architecture}");
            let failure = checked.err();
            assert!(failure.is_none_or(|it| it.code() == failure::Code::Invalid));
        }
    }

    #[test]
    fn compilers_and_variants_that_share_a_name_are_told_apart() {
        // The built image, the requirement, whether they differ.
        for (compilers, variants, wanted, is_two) in [
            ("", "a-b", "variants: [a-b]", false),
            ("", "a-b", "variants: [a, b]", true),
            ("", "a, b", "variants: [a-b]", true),
            ("", "a, b", "variants: [b, A]", false),
            ("", "gcc12", "compiler: gcc-12", true),
            ("gcc-12", "", "variants: [gcc12]", true),
            ("gcc-12", "gcc12", "variants: [gcc12]", false),
            ("gcc-12, clang-14", "", "compiler: gcc-12", false),
            // An image may have variants that are not in its name, and a registry may list less.
            ("", "nightly", "variants: [a-b]", false),
            ("", "", "variants: [a-b]", false),
            ("", "", "compiler: gcc-12", false),
            (
                "",
                "arm64",
                "{variants: [tool], architecture: arm64}",
                false,
            ),
        ] {
            let head = "project: x\nos: debian:12\n";
            let text = match wanted.strip_prefix('{') {
                Some(flow) => format!("{{project: x, os: 'debian:12', {flow}"),
                None => format!("{head}architecture: x86_64\n{wanted}"),
            };
            let requirement = plan::parse_requirements(&text).remove(0).expect(wanted);
            let name = requirement.image_name().expect(wanted);
            let tag = "x:1".parse().expect("a reference");
            let mut entry = Entry::new(name.as_str(), "x.tar", tag, "debian:12", "x86_64");
            let list = |names: &str| -> Vec<String> {
                let names = names.split(", ").filter(|name| !name.is_empty());
                names.map(str::to_owned).collect()
            };
            (entry.compilers, entry.variants) = (list(compilers), list(variants));
            assert_eq!(
                is_another(&name, &requirement, &entry),
                is_two,
                "{compilers} {variants} {wanted}"
            );
        }
    }
}
