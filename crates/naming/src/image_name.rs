//! Image names: `<project>-<os>-<variant>`.
//!
//! A project may hold dashes, so the distribution is what splits a name. Of all the places where
//! one of the table's distributions stands with something before and behind it, the first one that
//! is followed by a version wins; without any, the first distribution that has no versions.
//! [`ImageName::new`] refuses parts that would not split again as they were put together.

use std::fmt;
use std::str::FromStr;

use crate::distribution::{DISTRIBUTIONS, find};
use crate::text::as_text;
use crate::{Compiler, NameError, Os, Reference, Variant};

/// The longest name, in bytes: file systems take 255 with `.tar`, tags 128.
const MAX_NAME: usize = 128;

const PATTERN: &str = "names are `<project>-<os>-<variant>`, like `capy-ubuntu-25.04-gcc15`";

/// A name that complies: a valid image reference, a safe file name, and three known parts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageName {
    text: String,
    project_len: usize,
    os: Os,
    variant_at: usize,
}

impl ImageName {
    /// The name for a project, a system and a variant of one or more parts (`gcc15-asan`).
    pub fn new(project: &str, os: &Os, variant: &str) -> Result<Self, NameError> {
        let (distribution, version, flavour) = os.name_parts();
        let parts = [
            Some(project),
            Some(distribution),
            version,
            flavour,
            Some(variant),
        ];
        let text = parts.into_iter().flatten().collect::<Vec<_>>().join("-");
        if version.is_none() && find(distribution).is_some_and(|row| row.versioned) {
            return Err(NameError::new(
                "operating system",
                &os.to_string(),
                "has no version, which an image name needs",
            )
            .with_hint(format!("write it like `{distribution}:<version>`")));
        }
        let name: Self = text.parse()?;
        if name.project() == project {
            Ok(name)
        } else {
            Err(NameError::new(
                "project",
                project,
                format!(
                    "holds a distribution, so that `{text}` would be read as project `{}`",
                    name.project()
                ),
            ))
        }
    }

    /// The name that a requirement asks for. The variant is each compiler without its dash, then
    /// `cov`, `asan`, `ubsan`, `tsan`, `x86` and other variants in that order; `base` with none.
    pub fn for_requirement(
        project: &str,
        os: &Os,
        compilers: &[Compiler],
        variants: &[Variant],
    ) -> Result<Self, NameError> {
        let mut ordered: Vec<_> = variants.iter().collect();
        ordered.sort_by_key(|variant| variant.rank());
        let mut parts: Vec<String> = compilers
            .iter()
            .map(|compiler| compiler.in_name().replace('+', "p"))
            .collect();
        parts.extend(
            ordered
                .into_iter()
                .map(|variant| variant.as_str().to_owned()),
        );
        if parts.is_empty() {
            parts.push("base".to_owned());
        }
        Self::new(project, os, &parts.join("-"))
    }

    /// The name that complies and is nearest to a text: lower case, everything that no name may
    /// hold turned into a dash, separators single and inside.
    pub fn normalize(text: &str) -> Result<Self, NameError> {
        let mut out = String::new();
        for c in text.trim().to_lowercase().chars() {
            let c = if is_plain(c) || is_separator(c) {
                c
            } else {
                '-'
            };
            if is_plain(c) || (!out.is_empty() && !out.ends_with(is_separator)) {
                out.push(c);
            }
        }
        out.trim_end_matches(is_separator).parse()
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `capy`, `http-proto`.
    pub fn project(&self) -> &str {
        &self.text[..self.project_len]
    }

    /// The operating system as the name has it.
    pub fn os(&self) -> &Os {
        &self.os
    }

    /// `gcc15`, `clang20-asan`, `base`.
    pub fn variant(&self) -> &str {
        &self.text[self.variant_at..]
    }

    /// Where its archive stands, relative to the registry's folder.
    pub fn archive_file(&self) -> String {
        format!("images/{}/{}.tar", self.project(), self.text)
    }

    /// The reference it is loaded under: `<name>:latest`.
    pub fn reference(&self) -> Result<Reference, NameError> {
        self.text.parse()
    }
}

fn is_plain(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

fn is_separator(c: char) -> bool {
    matches!(c, '.' | '_' | '-')
}

/// The first rule of the grammar that a text breaks.
fn broken_rule(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("is empty".into());
    }
    if text.len() > MAX_NAME {
        return Some(format!("is longer than {MAX_NAME} bytes"));
    }
    if let Some(c) = text.chars().find(|c| c.is_ascii_uppercase()) {
        return Some(format!("holds the upper-case letter `{c}`"));
    }
    if let Some(c) = text.chars().find(|c| !(is_plain(*c) || is_separator(*c))) {
        return Some(format!(
            "holds `{}`; only lower-case letters, digits, `.`, `_` and `-` may stand in it",
            c.escape_default()
        ));
    }
    if text.starts_with(is_separator) {
        return Some("starts with a separator".into());
    }
    if text.ends_with(is_separator) {
        return Some("ends with a separator".into());
    }
    let doubled = text
        .as_bytes()
        .windows(2)
        .any(|pair| pair.iter().all(|b| is_separator(char::from(*b))));
    doubled.then(|| "has two separators in a row".into())
}

/// Where the parts of a name are: the length of the project, its system, the start of the variant.
fn split(text: &str) -> Option<(usize, Os, usize)> {
    let mut rolling = None;
    for (dash, _) in text.match_indices('-') {
        let rest = &text[dash + 1..];
        for row in DISTRIBUTIONS {
            let Some(behind) = rest
                .strip_prefix(row.name)
                .and_then(|behind| behind.strip_prefix('-'))
            else {
                continue;
            };
            let behind_at = text.len() - behind.len();
            if row.versioned {
                if let Some((version, _)) = behind
                    .split_once('-')
                    .filter(|(version, _)| row.is_version(version))
                {
                    let os = format!("{}:{version}", row.name).parse().ok()?;
                    return Some((dash, os, behind_at + version.len() + 1));
                }
            } else if rolling.is_none() {
                rolling = Some((dash, row.name.parse().ok()?, behind_at));
            }
        }
    }
    rolling
}

impl FromStr for ImageName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if let Some(rule) = broken_rule(text) {
            return Err(NameError::new("image name", text, rule).with_hint(PATTERN));
        }
        let (project_len, os, variant_at) = split(text).ok_or_else(|| {
            NameError::new(
                "image name",
                text,
                "has no known distribution with its version between a project and a variant",
            )
            .with_hint(PATTERN)
        })?;
        text.parse::<Reference>()
            .map_err(|error| NameError::new("image name", text, error.rule()))?;
        Ok(Self {
            text: text.to_owned(),
            project_len,
            os,
            variant_at,
        })
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

as_text!(ImageName);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn splits_at_the_distribution() {
        let table = [
            ("capy-ubuntu-25.04-gcc15", "capy", "ubuntu:25.04", "gcc15"),
            (
                "http-proto-debian-12-clang20-asan",
                "http-proto",
                "debian:12",
                "clang20-asan",
            ),
            ("beast2-alpine-3.20-base", "beast2", "alpine:3.20", "base"),
            (
                "x-debian-bookworm-gcc13-cov",
                "x",
                "debian:bookworm",
                "gcc13-cov",
            ),
            ("x-archlinux-gcc15", "x", "archlinux", "gcc15"),
            ("x-scratch-base", "x", "scratch", "base"),
            (
                "my-scratch-pad-ubuntu-24.04-x86",
                "my-scratch-pad",
                "ubuntu:24.04",
                "x86",
            ),
            (
                "debian-tools-debian-12-base",
                "debian-tools",
                "debian:12",
                "base",
            ),
            (
                "x-opensuse-leap-15.6-gcc13",
                "x",
                "opensuse-leap:15.6",
                "gcc13",
            ),
            (
                "x-debian-bookworm-slim-gcc12",
                "x",
                "debian:bookworm",
                "slim-gcc12",
            ),
        ];
        for (text, project, os, variant) in table {
            let name: ImageName = text.parse().expect(text);
            assert_eq!(
                (
                    name.project(),
                    name.os().to_string().as_str(),
                    name.variant()
                ),
                (project, os, variant)
            );
            assert_eq!(name.archive_file(), format!("images/{project}/{text}.tar"));
        }
    }

    #[test]
    fn says_which_rule_was_broken() {
        let table = [
            ("", "empty"),
            ("Capy-ubuntu-25.04-gcc15", "upper-case letter `C`"),
            ("capy ubuntu-25.04-gcc15", "holds ` `"),
            ("-capy-ubuntu-25.04-gcc15", "starts with"),
            ("capy-ubuntu-25.04-gcc15-", "ends with"),
            ("capy--ubuntu-25.04-gcc15", "two separators"),
            ("capy-ubuntu-25.04", "no known distribution"),
            ("ubuntu-25.04-gcc15", "no known distribution"),
            ("capy-ubuntu-gcc15", "no known distribution"),
            ("capy-gcc15", "no known distribution"),
            ("../../etc/passwd", "holds `/`"),
            ("capy-ubuntu-25.04-gcc15\n", "holds `\\n`"),
        ];
        for (text, rule) in table {
            let error = text.parse::<ImageName>().expect_err(text);
            assert!(error.to_string().contains(rule), "{text}: {error}");
        }
        let long = format!("capy-ubuntu-25.04-{}", "a".repeat(128));
        assert!(long.parse::<ImageName>().is_err());
    }

    #[test]
    fn normalizes() {
        let table = [
            ("Capy_Ubuntu 25.04 GCC15", None),
            ("Capy-Ubuntu-25.04-GCC15", Some("capy-ubuntu-25.04-gcc15")),
            (
                "  capy--ubuntu-25.04-gcc15- ",
                Some("capy-ubuntu-25.04-gcc15"),
            ),
            ("capy ubuntu 25.04 gcc 15", Some("capy-ubuntu-25.04-gcc-15")),
            ("capy:ubuntu-25.04-gcc15", Some("capy-ubuntu-25.04-gcc15")),
            ("!!!", None),
        ];
        for (text, expected) in table {
            let found = ImageName::normalize(text).ok();
            assert_eq!(found.as_ref().map(ImageName::as_str), expected, "{text}");
        }
    }

    #[test]
    fn variants_have_an_order() {
        let parse = |variants: &[&str]| {
            variants
                .iter()
                .map(|v| v.parse().expect("variant"))
                .collect::<Vec<Variant>>()
        };
        let os: Os = "ubuntu:25.04".parse().expect("os");
        let gcc: Compiler = "gcc-15".parse().expect("compiler");
        let name = |compilers: &[Compiler], variants: &[&str]| {
            ImageName::for_requirement("capy", &os, compilers, &parse(variants))
                .map(|name| name.variant().to_owned())
        };
        assert_eq!(name(&[], &[]).as_deref(), Ok("base"));
        assert_eq!(
            name(std::slice::from_ref(&gcc), &[]).as_deref(),
            Ok("gcc15")
        );
        assert_eq!(
            name(&[gcc], &["extra", "x86", "tsan", "coverage", "asan"]).as_deref(),
            Ok("gcc15-cov-asan-tsan-x86-extra")
        );
        assert_eq!(name(&[], &["x86"]).as_deref(), Ok("x86"));
    }

    #[test]
    fn parts_that_would_not_split_again_are_refused() {
        let os: Os = "ubuntu:25.04".parse().expect("os");
        assert!(ImageName::new("my-debian-12-x", &os, "gcc15").is_err());
        assert!(ImageName::new("", &os, "gcc15").is_err());
        assert!(ImageName::new("a", &os, "").is_err());
        assert!(ImageName::new("a", &"ubuntu".parse().expect("os"), "gcc15").is_err());
        assert!(ImageName::new("a", &"my-distro".parse().expect("os"), "gcc15").is_err());
        let slim = ImageName::new("a", &"debian:bookworm-slim".parse().expect("os"), "gcc12")
            .expect("flavour");
        assert_eq!(slim.as_str(), "a-debian-bookworm-slim-gcc12");
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_is_safe(text in "(\\PC{0,40})|([a-z0-9._-]{1,10}-(ubuntu|debian|archlinux)-[a-z0-9._-]{1,12})") {
            for name in [text.parse::<ImageName>(), ImageName::normalize(&text)].into_iter().flatten() {
                prop_assert_eq!(&name.to_string().parse::<ImageName>().expect("identity"), &name);
                prop_assert!(name.reference().is_ok());
                prop_assert!(!name.as_str().contains(['/', '\\', '\0']));
                prop_assert!(!name.as_str().starts_with(['.', '-']));
                prop_assert!(name.as_str().len() <= MAX_NAME);
                prop_assert_eq!(name.archive_file().matches("..").count(), 0);
            }
        }

        #[test]
        fn parts_come_back(project in "[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,4}){0,2}", version in "[0-9]{1,2}(\\.[0-9]{2})?", variant in "[a-z0-9]{1,6}(-[a-z0-9]{1,4}){0,2}") {
            let os: Os = format!("ubuntu:{version}").parse().expect("os");
            let name = ImageName::new(&project, &os, &variant).expect("no distribution in the project");
            prop_assert_eq!(name.project(), project);
            prop_assert_eq!(name.os(), &os);
            prop_assert_eq!(name.variant(), variant);
        }
    }
}
