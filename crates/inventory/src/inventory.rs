//! The contents of an image.

use std::collections::{BTreeMap, BTreeSet};

use archive::RootFs;
use naming::{Compiler, Os, PackageName, ToolName};

use crate::files::Files;
use crate::managers::MANAGERS;
use crate::packages::Packages;
use crate::{Manager, OsRelease, Result, commands, compilers, os_release, tools};

/// The contents of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inventory {
    /// The image's os-release; empty if it has none.
    pub os_release: OsRelease,
    /// The operating system of os-release.
    pub os: Option<Os>,
    /// The package manager, by os-release or else by the existing package database.
    pub manager: Option<&'static Manager>,
    /// Installed packages and their versions, by bare name. Empty without a package database.
    pub packages: BTreeMap<String, String>,
    /// Compilers, sorted.
    pub compilers: Vec<Compiler>,
    /// Known tools, sorted.
    pub tools: Vec<ToolName>,
    provided: BTreeSet<String>,
    commands: BTreeSet<String>,
}

impl Inventory {
    /// Reads an image's contents. A damaged package database is an error, a missing one is not.
    pub fn read(root: &RootFs) -> Result<Self> {
        Self::of(root)
    }

    /// Whether [`Inventory::read`] reads the file at this path, if the image has it. Use it to choose files of a layer
    /// that can be read only once.
    pub fn wants(path: &str) -> bool {
        let is_below = |place: &&str| {
            let rest = path.strip_prefix(*place);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let databases = MANAGERS.iter().flat_map(|manager| manager.database);
        os_release::PATHS.iter().chain(databases).any(is_below)
    }

    pub(crate) fn of(files: &impl Files) -> Result<Self> {
        let os_release = OsRelease::read(files)?;
        let mut manager = os_release.manager();
        let mut packages = Packages::default();
        for candidate in MANAGERS {
            let found = (candidate.read)(files)?;
            if !found.installed.is_empty() {
                manager.get_or_insert(candidate);
            }
            packages.merge(found);
        }
        let commands = commands::read(files);
        Ok(Self {
            os: os_release.os(),
            os_release,
            manager,
            compilers: compilers::find(&packages, &commands, &commands::gcc_versions(files)),
            tools: tools::find(&commands),
            packages: packages.installed,
            provided: packages.provided,
            commands,
        })
    }

    /// The required parts that the image lacks, in the required order: compilers, packages, tools.
    ///
    /// A compiler without a version means any version. Packages count by bare name; provided names count too.
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
mod tests;
