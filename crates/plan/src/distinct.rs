//! Names that tell apart requirements which differ in packages, tools or the build alone.
//!
//! A name depends on its requirement alone, so that it is the same in every call: what the requirement adds, sorted, with
//! `_` between, or a short digest of it if that is long or holds what no name may.

use sha2::{Digest as _, Sha256};

use crate::Requirement;

/// The longest addition that is written out, in bytes.
const MAX_WRITTEN: usize = 40;
/// How many hexadecimal digits of a digest are enough for the requirements of one project.
const DIGITS: usize = 8;

/// What a name gets beside compilers, variants and architecture; `None` if the requirement adds nothing to them.
pub(crate) fn addition(requirement: &Requirement) -> Option<String> {
    let packages = requirement.packages.iter().map(ToString::to_string);
    let tools = requirement.tools.iter().map(ToString::to_string);
    let mut names: Vec<String> = packages.chain(tools).collect();
    names
        .iter_mut()
        .for_each(|name| name.make_ascii_lowercase());
    names.sort();
    names.dedup();
    if names.is_empty() && requirement.build.is_none() {
        return None;
    }
    let written = names.join("_");
    let is_plain = requirement.build.is_none()
        && written.len() <= MAX_WRITTEN
        && names.iter().all(|name| is_plain(name));
    Some(if is_plain {
        written
    } else {
        digest(requirement, &names)
    })
}

/// Whether a name can stand in an image's name, and means nothing else there.
fn is_plain(name: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_variant = ["base", "cov", "asan", "ubsan", "tsan"].contains(&name);
    let is_architecture = name.parse::<naming::Architecture>().is_ok();
    // Single dots and dashes alone: `_` stands between names.
    let parts = name.split(['.', '-']);
    parts
        .into_iter()
        .all(|part| !part.is_empty() && part.chars().all(is_word))
        && !is_variant
        && !is_architecture
}

fn digest(requirement: &Requirement, names: &[String]) -> String {
    let build = requirement.build.as_ref();
    let build = build.and_then(|build| serde_json::to_string(build).ok());
    let text = format!("{}\n{}", names.join(" "), build.unwrap_or_default());
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
        assert_eq!(
            name("packages: [make, Git]\ntools: [cmake]"),
            "gcc12-cmake_git_make-arm64"
        );
        assert_eq!(
            name("packages: [git, make]"),
            name("packages: [make, git, git]")
        );
        let all = [
            "",
            "packages: [zlib1g-dev]",
            "packages: [asan]",
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
