//! Merges requirements of one image name.

use naming::{PackageName, Variant};
use registry::Requested;

use crate::lists::add;
use crate::{Error, Missing, Requirement};

impl Requirement {
    /// Adds the packages and tools of another requirement of the same name. If one image cannot meet both, the error
    /// names the conflict, and nothing is added.
    pub fn merge(&mut self, other: &Self) -> Result<(), String> {
        let is_x86 = |it: &Self| it.variants.contains(&Variant::x86());
        let same_machine =
            self.architecture == other.architecture || (is_x86(self) && is_x86(other));
        let bases = (self.pinned(), other.pinned());
        let same_base =
            !matches!(bases, (Some(own), Some(other)) if own.digest() != other.digest());
        let same =
            |a: &[String], b: &[String]| a.len() == b.len() && a.iter().all(|it| b.contains(it));
        let words = |it: &Self| {
            let compilers = it.compilers.iter().map(ToString::to_string);
            let variants = it.variants.iter().map(ToString::to_string);
            (compilers.collect::<Vec<_>>(), variants.collect::<Vec<_>>())
        };
        let ((compilers, variants), (others, other_variants)) = (words(self), words(other));
        let differences = [
            (self.project == other.project, "`project`"),
            (self.os == other.os, "`os`"),
            (same_machine, "`architecture`"),
            (same(&compilers, &others), "`compilers`"),
            (same(&variants, &other_variants), "`variants`"),
            (self.build == other.build, "`build`"),
            (same_base, "the digest of `os`"),
        ];
        if let Some((_, what)) = differences.iter().find(|(same, _)| !same) {
            return Err((*what).to_owned());
        }
        let mut all = self.contents();
        all.merge(&other.contents())
            .map_err(|name| format!("the version of package `{name}`"))?;
        (self.packages, self.tools) = (all.packages, all.tools);
        if self.architecture != other.architecture {
            self.architecture = naming::Architecture::X86;
        }
        if self.image.is_none() || self.pinned().is_none() && other.pinned().is_some() {
            self.image.clone_from(&other.image);
        }
        Ok(())
    }

    /// The requirement, with the earlier requirements of its image. An invalid name or a package in another version is
    /// an error.
    pub fn with_requested(&self, requested: &Requested) -> Result<Self, Error> {
        let Missing {
            packages, tools, ..
        } = self.contents().with_requested(requested)?;
        Ok(Self {
            packages,
            tools,
            ..self.clone()
        })
    }

    /// Whether it contains everything that an image was built for.
    pub(crate) fn covers(&self, requested: &Requested) -> bool {
        let asks = |name: &String| {
            let is = |own: &str| own.eq_ignore_ascii_case(name);
            let packages = self.packages.iter().map(PackageName::as_str);
            let mut all = packages.chain(self.tools.iter().map(naming::ToolName::as_str));
            all.any(is)
        };
        requested.packages.iter().chain(&requested.tools).all(asks)
    }
}

impl Missing {
    /// Adds packages and tools. If a package is in two versions, the error has its name, and nothing is added.
    pub fn merge(&mut self, other: &Self) -> Result<(), String> {
        let mut packages = self.packages.clone();
        for package in &other.packages {
            add_package(&mut packages, package)?;
        }
        self.packages = packages;
        for tool in &other.tools {
            add(&mut self.tools, tool.clone());
        }
        Ok(())
    }

    /// Adds the earlier requirements of an image. Errors as in [`Requirement::with_requested`].
    pub fn with_requested(mut self, requested: &Requested) -> Result<Self, Error> {
        let packages = requested.packages.iter().map(|name| name.parse());
        let tools = requested.tools.iter().map(|name| name.parse());
        let requested = Self {
            packages: packages.collect::<Result<_, _>>()?,
            tools: tools.collect::<Result<_, _>>()?,
            ..Self::default()
        };
        self.merge(&requested).map_err(|name| {
            Error::Requirement(format!(
                "an earlier requirement asked for another version of package `{name}`"
            ))
        })?;
        Ok(self)
    }
}

/// Adds a package. A package with a version replaces the same without one; for two versions, the error has the
/// package's name.
fn add_package(packages: &mut Vec<PackageName>, package: &PackageName) -> Result<(), String> {
    let alike = |there: &PackageName| {
        let (a, b) = (unversioned(there), unversioned(package));
        a.eq_ignore_ascii_case(b)
    };
    let Some(there) = packages.iter_mut().find(|there| alike(there)) else {
        packages.push(package.clone());
        return Ok(());
    };
    match (there.version(), package.version()) {
        (Some(old), Some(new)) if old != new => Err(unversioned(package).to_owned()),
        (None, Some(_)) => {
            *there = package.clone();
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The name with its architecture, without the version.
fn unversioned(package: &PackageName) -> &str {
    let text = package.as_str();
    text.split_once('=').map_or(text, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_requirements;

    fn requirement(rest: &str) -> Requirement {
        let text = format!("project: capy\nos: debian:12\n{rest}");
        parse_requirements(&text).remove(0).expect(rest)
    }

    fn names(requirement: &Requirement) -> String {
        let packages = requirement.packages.iter().map(ToString::to_string);
        let tools = requirement.tools.iter().map(ToString::to_string);
        packages.chain(tools).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn packages_and_tools_are_united() {
        let mut all =
            requirement("compilers: [gcc-12, clang-14]\npackages: [a, b=1]\ntools: [cmake]");
        let more =
            "compilers: [clang-14, gcc-12]\npackages: [B, a=2, c:i386]\ntools: [CMAKE, ninja]";
        assert_eq!(all.merge(&requirement(more)), Ok(()));
        assert_eq!(names(&all), "a=2 b=1 c:i386 cmake ninja");
        let before = all.clone();
        assert_eq!(all.merge(&before), Ok(()));
        assert_eq!(all, before);
    }

    #[test]
    fn what_can_not_be_one_image_is_named() {
        let base = "architecture: x86_64\ncompiler: gcc-12\npackages: [a=1]\n";
        for (other, what) in [
            ("architecture: x86_64\ncompiler: gcc12", "`compilers`"),
            ("architecture: arm64\ncompiler: gcc-12", "`architecture`"),
            (
                "architecture: x86_64\ncompiler: gcc-12\nvariants: [asan]",
                "`variants`",
            ),
            (
                "architecture: x86_64\ncompiler: gcc-12\nbuild: {target: t}",
                "`build`",
            ),
            (
                "architecture: x86_64\ncompiler: gcc-12\npackages: [b, a=2]",
                "the version of package `a`",
            ),
        ] {
            let mut one = requirement(base);
            assert_eq!(one.merge(&requirement(other)), Err(what.to_owned()));
            assert_eq!(one, requirement(base));
        }
        let mut x86 = requirement("variants: [x86]");
        assert_eq!(x86.merge(&requirement("architecture: i386")), Ok(()));
        assert_eq!(x86.architecture, naming::Architecture::X86);
    }

    #[test]
    fn what_was_requested_before_is_added() {
        let asked = requirement("packages: [make]");
        let requested = |packages: &[&str], tools: &[&str]| Requested {
            packages: packages.iter().map(ToString::to_string).collect(),
            tools: tools.iter().map(ToString::to_string).collect(),
        };
        let all = asked.with_requested(&requested(&["zlib1g-dev", "MAKE"], &["cmake"]));
        assert_eq!(names(&all.expect("names")), "make zlib1g-dev cmake");
        assert!(asked.with_requested(&requested(&["; rm"], &[])).is_err());
        assert!(asked.covers(&requested(&["make"], &["Make"])));
        assert!(!asked.covers(&requested(&["make"], &["cmake"])));
        let pinned = requirement("packages: [make=1]");
        assert!(pinned.with_requested(&requested(&["make=2"], &[])).is_err());
        assert!(pinned.with_requested(&requested(&["make"], &[])).is_ok());
    }
}
