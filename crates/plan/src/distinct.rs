//! Distinct names for requirements that differ only in packages, tools or the build.
//!
//! A name depends only on its requirement, so it is the same in every call. It has the requirement's packages, sorted,
//! with `_` between them. It has a short digest instead if the packages could be mistaken for another requirement's
//! name, are too long, or contain an invalid character.

use std::collections::BTreeSet;

use naming::Variant;
use sha2::{Digest as _, Sha256};

use crate::Requirement;

/// The longest addition with plain package names, in bytes.
const MAX_WRITTEN: usize = 40;
/// Enough hexadecimal digits of a digest for the requirements of one project.
const DIGITS: usize = 8;
/// The variants that cannot be confused with packages.
const VARIANTS: [&str; 5] = ["cov", "asan", "ubsan", "tsan", "x86"];
/// The prefixes of compiler names.
const COMPILERS: [&str; 6] = ["gcc", "gpp", "clang", "icc", "icpx", "tcc"];

/// The addition to a name besides compilers, variants and architecture; `None` if there is none.
pub(crate) fn addition(requirement: &Requirement) -> Option<String> {
    let names = sorted(&requirement.packages);
    let tools = sorted(&requirement.tools);
    // Any other variant may look like a package.
    let known = |variant: &Variant| VARIANTS.contains(&variant.as_str());
    let has_known = requirement.variants.iter().all(known);
    if names.is_empty() && tools.is_empty() && requirement.build.is_none() && has_known {
        return None;
    }
    let written = names.join("_");
    let is_plain = requirement.build.is_none()
        && tools.is_empty()
        && has_known
        && written.len() <= MAX_WRITTEN
        && names.iter().all(|name| is_plain(name));
    Some(if is_plain {
        written
    } else {
        digest(requirement, &names, &tools)
    })
}

/// Names in lower case, each once.
fn sorted(names: &[impl ToString]) -> Vec<String> {
    let names = names.iter().map(|name| name.to_string().to_lowercase());
    let sorted: BTreeSet<String> = names.collect();
    sorted.into_iter().collect()
}

/// Whether a name is valid in an image's name, and has no other meaning there.
fn is_plain(name: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let means_more = |part: &str| {
        part == "base"
            || VARIANTS.contains(&part)
            || COMPILERS.iter().any(|compiler| part.starts_with(compiler))
            || part.parse::<naming::Architecture>().is_ok()
    };
    // Only single dots and dashes: `_` separates names.
    let is_whole = |part: &str| !part.is_empty() && part.chars().all(is_word);
    name.split(['.', '-']).all(is_whole) && !name.split('-').any(means_more)
}

fn digest(requirement: &Requirement, packages: &[String], tools: &[String]) -> String {
    let build = requirement.build.as_ref();
    let build = build.and_then(|build| serde_json::to_string(build).ok());
    let compilers: Vec<_> = requirement
        .compilers
        .iter()
        .map(ToString::to_string)
        .collect();
    let variants = sorted(&requirement.variants);
    let lists = [&compilers[..], &variants, packages, tools];
    let lists = lists.map(|list| list.join(" ")).join("\n");
    let text = format!("{lists}\n{}", build.unwrap_or_default());
    let digest = Sha256::digest(text);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    hex[..DIGITS].to_owned()
}

#[cfg(test)]
mod tests {
    use crate::parse_requirements;

    fn name(rest: &str) -> String {
        let text =
            format!("project: capy\nos: debian:12\narchitecture: arm64\ncompiler: gcc-12\n{rest}");
        let mut requirement = parse_requirements(&text).remove(0).expect(rest);
        requirement.distinct = true;
        requirement.image_name().expect(rest).variant().to_owned()
    }

    #[test]
    fn what_differs_has_names_that_differ() {
        assert_eq!(name(""), "gcc12-arm64");
        assert_eq!(name("packages: [zlib1g-dev]"), "gcc12-zlib1g-dev-arm64");
        assert_eq!(name("packages: [make, Git]"), "gcc12-git_make-arm64");
        assert_eq!(
            name("packages: [git, make]"),
            name("packages: [make, git, git]")
        );
        let all = [
            "",
            "packages: [zlib1g-dev]",
            "packages: [asan]",
            "variants: [zlib1g, dev]",
            "packages: [dev]\nvariants: [zlib1g]",
            "tools: [zlib1g-dev]",
            "packages: [a]\ntools: [b]",
            "tools: [a, b]",
            "variants: [asan]\npackages: [k]",
            "packages: [asan-k]",
            "packages: [gcc]",
            "variants: [asan]",
            "packages: [g++]",
            "packages: [gpp]",
            "packages: [a_b]",
            "packages: [a, b]",
            "packages: [a=1]",
            "packages: [a-rather-long-name-of-a-package, and-another-long-name]",
            "packages: [a-rather-long-name-of-a-package, and-another-long-one]",
            "build: {target: a}",
            "build: {target: b}",
            "packages: [zlib1g-dev]\nbuild: {target: b}",
        ];
        let names: std::collections::BTreeSet<_> = all.iter().map(|rest| name(rest)).collect();
        assert_eq!(names.len(), all.len(), "{names:?}");
    }
}
