//! Everything that the readers of this crate find, in one value.

use std::collections::{BTreeMap, BTreeSet};

use archive::RootFs;
use naming::{Compiler, Family, Os, PackageName, ToolName};

use crate::files::Files;
use crate::packages::Packages;
use crate::{OsRelease, Result, apk, commands, compilers, dpkg, os_release, rpm, tools};

/// What an image holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inventory {
    /// The image's os-release; empty where it has none.
    pub os_release: OsRelease,
    /// The operating system that os-release names.
    pub os: Option<Os>,
    /// The package manager's family, of os-release or, where that says nothing, of the package
    /// database that is there.
    pub family: Option<Family>,
    /// Installed packages and their versions, by bare name. Empty without a package database.
    pub packages: BTreeMap<String, String>,
    /// Compilers, sorted.
    pub compilers: Vec<Compiler>,
    /// Tools of the table of known tools, sorted.
    pub tools: Vec<ToolName>,
    provided: BTreeSet<String>,
    commands: BTreeSet<String>,
}

impl Inventory {
    /// Looks into an image. Damaged package databases are an error, missing ones are not.
    pub fn read(root: &RootFs) -> Result<Self> {
        Self::of(root)
    }

    /// Whether [`Inventory::read`] reads the file of this path, where an image has it: what is wanted of a
    /// layer whose bytes are only once at hand.
    pub fn wants(path: &str) -> bool {
        os_release::PATHS.contains(&path)
            || apk::PATHS.contains(&path)
            || path == dpkg::STATUS
            || [dpkg::STATUS_FOLDER]
                .iter()
                .chain(&rpm::FOLDERS)
                .any(|folder| {
                    path.strip_prefix(folder)
                        .is_some_and(|rest| rest.starts_with('/'))
                })
    }

    pub(crate) fn of(files: &impl Files) -> Result<Self> {
        let os_release = OsRelease::read(files)?;
        let mut family = os_release.family();
        let mut packages = Packages::default();
        let readers = [
            (Family::Apt, dpkg::read(files)?),
            (Family::Apk, apk::read(files)?),
            (Family::Dnf, rpm::read(files)?),
        ];
        for (its_family, found) in readers {
            if !found.installed.is_empty() {
                family.get_or_insert(its_family);
            }
            packages.merge(found);
        }
        let commands = commands::read(files);
        Ok(Self {
            os: os_release.os(),
            os_release,
            family,
            compilers: compilers::find(&packages, &commands, &commands::gcc_versions(files)),
            tools: tools::find(&commands),
            packages: packages.installed,
            provided: packages.provided,
            commands,
        })
    }

    /// What was asked for and is not there, in the order in which it was asked for: compilers,
    /// packages, tools.
    ///
    /// A compiler without a version is any version of it. Packages count by bare name, and a
    /// name that an installed package provides counts as there.
    pub fn lacks(
        &self,
        compilers: &[Compiler],
        packages: &[PackageName],
        tools: &[ToolName],
    ) -> Vec<String> {
        let compilers = compilers
            .iter()
            .filter(|asked| !self.has_compiler(asked))
            .map(Compiler::to_string);
        let packages = packages
            .iter()
            .filter(|asked| !self.has_package(asked.name()))
            .map(PackageName::to_string);
        let tools = tools
            .iter()
            .filter(|asked| {
                !tools::is_there(asked, &self.commands) && !self.has_package(asked.as_str())
            })
            .map(ToolName::to_string);
        compilers.chain(packages).chain(tools).collect()
    }

    fn has_compiler(&self, asked: &Compiler) -> bool {
        let listed = match asked.version() {
            Some(_) => self.compilers.contains(asked),
            None => self
                .compilers
                .iter()
                .any(|found| found.name() == asked.name()),
        };
        listed || self.commands.contains(asked.as_str())
    }

    fn has_package(&self, name: &str) -> bool {
        self.packages.contains_key(name) || self.provided.contains(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::testing::Tree;

    fn debian() -> Tree {
        Tree::new(&[
            ("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n"),
            (
                "var/lib/dpkg/status",
                "Package: gcc-12\nStatus: install ok installed\nVersion: 12.2.0-14\nProvides: c-compiler\n\n\
                 Package: libssl-dev\nStatus: install ok installed\nArchitecture: i386\nVersion: 3.0\n",
            ),
            ("usr/bin/gcc-12", ""),
            ("usr/bin/cmake", ""),
            ("bin/sh", ""),
        ])
    }

    #[test]
    fn a_debian_image() {
        let inventory = Inventory::of(&debian()).expect("inventory");
        assert_eq!(
            inventory.os.as_ref().map(Os::to_string).as_deref(),
            Some("debian:12")
        );
        assert_eq!(inventory.family, Some(Family::Apt));
        assert_eq!(inventory.packages["gcc-12"], "12.2.0-14");
        assert_eq!(format!("{:?}", inventory.compilers), "[gcc-12]");
        assert_eq!(format!("{:?}", inventory.tools), "[cmake]");
    }

    #[test]
    fn lacks_what_is_not_there() {
        let inventory = Inventory::of(&debian()).expect("inventory");
        let compilers = ["gcc-12", "gcc", "gcc-13", "clang"].map(|c| c.parse().expect("compiler"));
        let packages = [
            "libssl-dev:i386",
            "gcc-12=12.2.0-14",
            "c-compiler",
            "zlib1g-dev",
        ]
        .map(|p| p.parse().expect("package"));
        let tools = ["cmake", "ninja", "libssl-dev", "sh"].map(|t| t.parse().expect("tool"));
        assert_eq!(
            inventory.lacks(&compilers, &packages, &tools),
            ["gcc-13", "clang", "zlib1g-dev", "ninja"]
        );
    }

    #[test]
    fn an_image_without_a_distribution() {
        let inventory =
            Inventory::of(&Tree::new(&[("bin/busybox", ""), ("bin/wget", "")])).expect("inventory");
        assert_eq!((inventory.os, inventory.family), (None, None));
        assert!(inventory.packages.is_empty() && inventory.compilers.is_empty());
        assert_eq!(format!("{:?}", inventory.tools), "[wget]");
        assert!(
            Inventory::of(&Tree::default())
                .expect("scratch")
                .os_release
                .is_empty()
        );
    }

    #[test]
    fn a_compiler_built_from_source() {
        let tree = Tree::new(&[
            ("etc/os-release", "ID=debian\nVERSION_ID=12\n"),
            ("usr/local/bin/gcc", ""),
            ("usr/local/libexec/gcc/x86_64-linux-gnu/13.2.0/cc1", ""),
            ("usr/lib/gcc/x86_64-linux-gnu/12/crtbegin.o", ""),
        ]);
        let inventory = Inventory::of(&tree).expect("inventory");
        assert_eq!(format!("{:?}", inventory.compilers), "[gcc-13]");
    }

    #[test]
    fn the_family_of_an_unnamed_system_is_its_database() {
        let tree = Tree::new(&[("lib/apk/db/installed", "P:musl\nV:1.2.5-r0\n")]);
        let inventory = Inventory::of(&tree).expect("inventory");
        assert_eq!(inventory.family, Some(Family::Apk));
    }
}
