//! Image names: `<project>-<os>-<variant>`.
//!
//! A project may contain dashes, so the distribution splits a name. A known distribution needs other parts before and
//! after it. The first one with a version after it wins, or else the first distribution without versions.
//! [`ImageName::new`] refuses parts that would be split differently.

use std::fmt;
use std::str::FromStr;

use crate::distribution::{DISTRIBUTIONS, find};
use crate::text::as_text;
use crate::{Architecture, Compiler, NameError, Os, Reference, Variant};

/// The longest name, in bytes: file systems take 255 with `.tar`, tags 128.
const MAX_NAME: usize = 128;

const PATTERN: &str = "names are `<project>-<os>-<variant>`, like `capy-ubuntu-25.04-gcc15`";

/// A valid name: a valid image reference, a safe file name, and three known parts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageName {
    text: String,
    project_len: usize,
    os: Os,
    variant_at: usize,
}

impl ImageName {
    /// The name of a project, a system and a variant of one or more parts (`gcc15-asan`).
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
                "needs a version for an image name",
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
                    "contains the name of a distribution: `{text}` would mean project `{}`",
                    name.project()
                ),
            ))
        }
    }

    /// The name of a requirement's image. The variant has these parts: each compiler without its dash, then `cov`,
    /// `asan`, `ubsan`, `tsan`, `x86`, then other variants in their order. Then the distinguishing addition, then the
    /// architecture, unless it is x86_64 or already included. Without any of them, it is `base`.
    pub fn for_requirement(
        project: &str,
        os: &Os,
        architecture: Architecture,
        compilers: &[Compiler],
        variants: &[Variant],
        addition: Option<&str>,
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
        let architecture = architecture.in_name();
        let architecture = architecture.filter(|name| !parts.contains(name));
        parts.extend(addition.map(str::to_owned));
        parts.extend(architecture);
        if parts.is_empty() {
            parts.push("base".to_owned());
        }
        Self::new(project, os, &parts.join("-"))
    }

    /// The valid name that is nearest to a text: lower case, invalid characters become dashes, separators are single
    /// and not at the ends.
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

    /// The path of its archive, relative to the registry's folder.
    pub fn archive_file(&self) -> String {
        format!("images/{}/{}.tar", self.project(), self.text)
    }

    /// The reference of the loaded image: `<name>:latest`.
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

/// The first rule of the grammar that a text violates.
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
            "holds `{}`; allowed are lower-case letters, digits, `.`, `_` and `-`",
            c.escape_debug()
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

/// Splits a name: the length of the project, the system, the start of the variant.
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
                "has no known distribution with a version between project and variant",
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
mod tests;
