//! Contents of an image: packages, compilers, tools, variants.
//!
//! These texts get into build files and command lines, so their grammar excludes special characters of shells and
//! option parsers: first a letter or digit, then letters, digits and a few signs.

use std::fmt;
use std::str::FromStr;

use crate::text::as_text;
use crate::{Architecture, NameError};

/// The longest item, in bytes. Debian's longest package name has under 100.
const MAX_ITEM: usize = 200;

fn check(what: &'static str, text: &str, signs: &str) -> Result<(), NameError> {
    let refuse = |rule: String| Err(NameError::new(what, text, rule));
    let Some(first) = text.chars().next() else {
        return refuse("is empty".into());
    };
    if text.len() > MAX_ITEM {
        return refuse(format!("is longer than {MAX_ITEM} bytes"));
    }
    if !first.is_ascii_alphanumeric() {
        return refuse("does not start with a letter or a digit".into());
    }
    match text
        .chars()
        .find(|c| !(c.is_ascii_alphanumeric() || signs.contains(*c)))
    {
        Some(c) => refuse(format!(
            "contains `{}`, which is not allowed",
            c.escape_debug()
        )),
        None => Ok(()),
    }
}

/// A package, with the suffixes of package managers: `libssl-dev`, `libssl-dev:i386`, `libssl-dev=3.0.11-1~deb12u2`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageName(String);

impl PackageName {
    /// The whole text, with architecture and version.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name without architecture and version, as package databases list it.
    pub fn name(&self) -> &str {
        let end = self.0.find([':', '=']).unwrap_or(self.0.len());
        &self.0[..end]
    }

    /// `3.0.11-1~deb12u2`, if an exact version is required.
    pub fn version(&self) -> Option<&str> {
        self.0.split_once('=').map(|(_, version)| version)
    }

    /// `i386`, if an architecture is required.
    pub fn architecture(&self) -> Option<&str> {
        let name = self.0.split('=').next().unwrap_or_default();
        name.split_once(':').map(|(_, architecture)| architecture)
    }

    /// The error of a package manager that does not allow this name, and the rule: "holds `:`".
    pub fn refused(&self, rule: &str) -> NameError {
        NameError::new("package", &self.0, rule)
    }
}

impl FromStr for PackageName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        check("package", text, "+._-:=~")?;
        let name = Self(text.to_owned());
        let rest = &text[name.name().len()..];
        let (architecture, version) = match rest.split_once('=') {
            Some((architecture, version)) => (architecture, Some(version)),
            None => (rest, None),
        };
        let qualified = match architecture.strip_prefix(':') {
            Some(name) => {
                !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            }
            None => true,
        };
        if !qualified || version.is_some_and(|version| version.is_empty() || version.contains('='))
        {
            return Err(NameError::new(
                "package",
                text,
                "is not `name`, `name:architecture` or `name=version`",
            ));
        }
        Ok(name)
    }
}

/// A compiler: `gcc-15`, `clang-20`, `gcc`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Compiler(String);

impl Compiler {
    /// The whole text: `gcc-15`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The compiler without a version: `gcc`.
    pub fn name(&self) -> &str {
        self.split().0
    }

    /// `15`, `4.8`; `None` for any version.
    pub fn version(&self) -> Option<&str> {
        self.split().1
    }

    fn split(&self) -> (&str, Option<&str>) {
        match self.0.rsplit_once('-') {
            Some((name, version)) if version.starts_with(|c: char| c.is_ascii_digit()) => {
                (name, Some(version))
            }
            _ => (&self.0, None),
        }
    }

    /// The spelling in an image name's variant: `gcc15`.
    pub fn in_name(&self) -> String {
        match self.split() {
            (name, Some(version)) => format!("{name}{version}"),
            (name, None) => name.to_owned(),
        }
    }
}

impl FromStr for Compiler {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        check("compiler", text, "+._-")?;
        if text.ends_with('-') {
            return Err(NameError::new(
                "compiler",
                text,
                "lacks the version after its dash",
            ));
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

/// A tool, whose package may have another name: `cmake`, `ninja`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ToolName(String);

impl ToolName {
    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ToolName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        check("tool", text, "+._-")?;
        Ok(Self(text.to_owned()))
    }
}

/// A variant of an image: `asan`, `cov`, `x86`. Lower case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Variant(String);

/// The variants with a fixed order in names. Others follow in their own order.
const ORDERED: [&str; 5] = ["cov", "asan", "ubsan", "tsan", "x86"];

impl Variant {
    /// The variant for 32-bit Intel.
    const X86: &str = "x86";

    /// The variant for 32-bit Intel.
    pub fn x86() -> Self {
        Self(Self::X86.to_owned())
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The position of this variant in a name.
    pub(crate) fn rank(&self) -> usize {
        ORDERED
            .iter()
            .position(|name| *name == self.0)
            .unwrap_or(ORDERED.len())
    }
}

impl FromStr for Variant {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        check("variant", text, "._-")?;
        let text = text.to_ascii_lowercase();
        // Workflows use `coverage`, names `cov`; 32-bit Intel has several names.
        let is_x86 = text.parse() == Ok(Architecture::X86);
        Ok(Self(match text.as_str() {
            "coverage" => "cov".to_owned(),
            _ if is_x86 => Self::X86.to_owned(),
            _ => text,
        }))
    }
}

macro_rules! shown_as_given {
    ($($type:ty),+) => {$(
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        as_text!($type);
    )+};
}

shown_as_given!(PackageName, Compiler, ToolName, Variant);

#[cfg(test)]
mod tests;
