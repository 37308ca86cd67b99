//! The package managers. Each module has everything about one: its distributions, the place of its database, package
//! names, the packages of compilers and tools, and how a build file installs them.

mod apk;
mod apt;
mod dnf;

use std::collections::BTreeSet;
use std::fmt;

use naming::{Compiler, NameError, Os, PackageName, Variant};

use crate::Result;
use crate::files::Files;
use crate::packages::Packages;

/// All of them. If an unknown system has databases of several, the first counts.
pub(crate) const MANAGERS: &[&Manager] = &[&apt::APT, &apk::APK, &dnf::DNF];

/// A package manager, compared by name.
pub struct Manager {
    /// Its name.
    pub name: &'static str,
    /// Its distributions, by their names in `naming`'s table.
    distributions: &'static [&'static str],
    /// The files of its database, and folders with all their files, without a leading slash.
    pub(crate) database: &'static [&'static str],
    /// Reads the packages of the database; empty if there is none.
    pub(crate) read: fn(&dyn Files) -> Result<Packages>,
    /// Why a package name is not allowed.
    refuses: fn(&PackageName) -> Option<&'static str>,
    /// The packages of a C and C++ compiler with its libraries; `None` for one that is its own package.
    compiler: fn(&Compiler) -> Option<Vec<String>>,
    /// The compilers with versions in their commands' names.
    versioned: &'static [&'static str],
    /// The packages of tools with another name, sorted by tool.
    tools: &'static [(&'static str, &'static [&'static str])],
    /// The packages that a compiler needs besides its own to link instrumented code of these variants.
    runtimes: fn(&Compiler, &[Variant]) -> Vec<String>,
    /// The packages that a compiler of an x86_64 system needs for 32-bit programs; `None` if there are none.
    multilib: Option<fn(&Compiler) -> Vec<String>>,
    /// The instruction that installs these packages.
    install: fn(&BTreeSet<PackageName>) -> String,
    /// Finds the name of a missing package in a line of output.
    unknown: fn(&str) -> Option<&str>,
    /// The instruction that makes `cc`, `gcc` and so on run these compilers, the first one first; empty if nothing is
    /// needed.
    choose: fn(&Manager, &[&Compiler]) -> String,
}

impl Manager {
    /// The package manager of an operating system; `None` if unknown.
    pub fn of(os: &Os) -> Option<&'static Self> {
        let mut managers = MANAGERS.iter().copied();
        managers.find(|manager| manager.distributions.contains(&os.distribution()))
    }

    /// Checks a name by the package manager's own grammar.
    pub fn check(&self, package: &PackageName) -> Result<(), NameError> {
        match (self.refuses)(package) {
            Some(rule) => Err(package.refused(rule)),
            None => Ok(()),
        }
    }

    /// The packages of a C and C++ compiler with its libraries.
    ///
    /// If a release has only one version of a compiler, a request for another installs that one. The check of the built
    /// image ([`crate::Inventory::lacks`]) finds the difference. An unknown compiler is its own package.
    pub fn compiler_packages(&self, compiler: &Compiler) -> Result<Vec<PackageName>, NameError> {
        let names = (self.compiler)(compiler);
        self.checked(names.unwrap_or_else(|| vec![compiler.to_string()]))
    }

    /// The packages of a tool by its name in the table of tools.
    pub(crate) fn tool(&self, tool: &str) -> Result<Vec<PackageName>, NameError> {
        let found = self.tools.iter().find(|(name, _)| *name == tool);
        let same = [tool];
        let names = found.map_or(&same[..], |(_, names)| names);
        self.checked(names.iter().map(|name| (*name).to_owned()).collect())
    }

    /// The packages that a compiler needs to link instrumented code of these variants.
    pub fn runtimes(
        &self,
        compiler: &Compiler,
        variants: &[Variant],
    ) -> Result<Vec<PackageName>, NameError> {
        self.checked((self.runtimes)(compiler, variants))
    }

    /// The packages that a compiler of an x86_64 system needs for 32-bit programs; `None` if the package manager has
    /// none.
    pub fn multilib(&self, compiler: &Compiler) -> Result<Option<Vec<PackageName>>, NameError> {
        let names = self.multilib.map(|multilib| multilib(compiler));
        names.map(|names| self.checked(names)).transpose()
    }

    /// The commands of a compiler for C and C++; `None` if unknown.
    pub fn commands(&self, compiler: &Compiler) -> Option<(String, String)> {
        let (c, cxx) = match compiler.name() {
            "gcc" => ("gcc", "g++"),
            "clang" => ("clang", "clang++"),
            _ => return None,
        };
        let versioned = self.versioned.contains(&c);
        Some(match compiler.version().filter(|_| versioned) {
            Some(version) => (format!("{c}-{version}"), format!("{cxx}-{version}")),
            None => (c.to_owned(), cxx.to_owned()),
        })
    }

    /// The packages that are missing by a command's output, in its order.
    pub fn unknown_packages(output: &str) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for line in output.lines() {
            let found = MANAGERS.iter().find_map(|manager| (manager.unknown)(line));
            let is_name = |name: &&str| name.parse::<PackageName>().is_ok();
            let new = found.filter(is_name).map(str::to_owned);
            names.extend(new.filter(|name| !names.contains(name)));
        }
        names
    }

    /// The instruction of a build file that installs packages, at least one.
    pub fn install(&self, packages: &BTreeSet<PackageName>) -> String {
        (self.install)(packages)
    }

    /// The part of a build file that makes `cc`, `gcc` and so on run these compilers, the first one first; empty if
    /// nothing is needed.
    pub fn choose(&self, compilers: &[&Compiler]) -> String {
        (self.choose)(self, compilers)
    }

    fn checked(&self, names: Vec<String>) -> Result<Vec<PackageName>, NameError> {
        let names = names.into_iter().map(|name| {
            let package: PackageName = name.parse()?;
            self.check(&package)?;
            Ok(package)
        });
        names.collect()
    }
}

impl PartialEq for Manager {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Manager {}

impl fmt::Debug for Manager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Packages as the last words of a command, one a line.
fn words(packages: &BTreeSet<PackageName>) -> String {
    let names: Vec<_> = packages.iter().map(PackageName::as_str).collect();
    names.join(" \\\n        ")
}

/// The text between two others in a line, at any position: builders print their own prefix before a line.
fn between<'a>(line: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let rest = line.split_once(start)?.1;
    match end {
        "" => rest.split_whitespace().next(),
        end => Some(rest.split_once(end)?.0),
    }
}

/// Whether a variant is among some.
fn has(variants: &[Variant], name: &str) -> bool {
    variants.iter().any(|variant| variant.as_str() == name)
}

/// Whether a compiler needs its own runtime for any of these variants.
fn is_instrumented(variants: &[Variant]) -> bool {
    ["asan", "cov", "tsan", "ubsan"]
        .iter()
        .any(|name| has(variants, name))
}

#[cfg(test)]
pub(crate) mod tests;
