//! The package managers. All that is to know of one stands in its module: which distributions have it, where its
//! packages are listed, what they are called, which of them bring what, and how a build file installs them.

mod apk;
mod apt;
mod dnf;

use std::collections::BTreeSet;
use std::fmt;

use naming::{Compiler, NameError, Os, PackageName, Variant};

use crate::Result;
use crate::files::Files;
use crate::packages::Packages;

/// All of them. Of an unnamed system that has the databases of several, the first counts.
pub(crate) const MANAGERS: &[&Manager] = &[&apt::APT, &apk::APK, &dnf::DNF];

/// A package manager. Its name stands for all of it: two of the same name are the same.
pub struct Manager {
    /// What people call it.
    pub name: &'static str,
    /// The distributions that have it, by their names in `naming`'s table.
    distributions: &'static [&'static str],
    /// The files of its database, and folders of which all files count, without a leading slash.
    pub(crate) database: &'static [&'static str],
    /// The packages that the database lists; none where there is none.
    pub(crate) read: fn(&dyn Files) -> Result<Packages>,
    /// Why it can't have a package of such a name.
    refuses: fn(&PackageName) -> Option<&'static str>,
    /// The packages of a C and C++ compiler with its libraries; `None` for one that is its own package.
    compiler: fn(&Compiler) -> Option<Vec<String>>,
    /// The compilers whose commands have the version in their names.
    versioned: &'static [&'static str],
    /// The packages of tools that are not called as the tool is, sorted by tool.
    tools: &'static [(&'static str, &'static [&'static str])],
    /// The packages with which a compiler links what these variants instrument, beside its own.
    runtimes: fn(&Compiler, &[Variant]) -> Vec<String>,
    /// The packages with which a compiler of an x86_64 system makes 32-bit programs; `None` where there are
    /// none.
    multilib: Option<fn(&Compiler) -> Vec<String>>,
    /// The instruction that installs these packages.
    install: fn(&BTreeSet<PackageName>) -> String,
    /// The name of a package that it does not have, in a line that it prints.
    unknown: fn(&str) -> Option<&str>,
    /// The instruction that makes `cc`, `gcc` and the like mean these compilers, the first one first; empty
    /// where there is nothing to do.
    choose: fn(&Manager, &[&Compiler]) -> String,
}

impl Manager {
    /// The package manager of an operating system; none for a distribution that has no known one.
    pub fn of(os: &Os) -> Option<&'static Self> {
        let mut managers = MANAGERS.iter().copied();
        managers.find(|manager| manager.distributions.contains(&os.distribution()))
    }

    /// Whether its own grammar has such a name.
    pub fn check(&self, package: &PackageName) -> Result<(), NameError> {
        match (self.refuses)(package) {
            Some(rule) => Err(package.refused(rule)),
            None => Ok(()),
        }
    }

    /// The packages that bring a C and C++ compiler with its libraries.
    ///
    /// Where a release has one version of a compiler, asking for another installs that one, and looking into
    /// the built image ([`crate::Inventory::lacks`]) tells. A compiler that is not known is its own package.
    pub fn compiler_packages(&self, compiler: &Compiler) -> Result<Vec<PackageName>, NameError> {
        let names = (self.compiler)(compiler);
        self.checked(names.unwrap_or_else(|| vec![compiler.to_string()]))
    }

    /// The packages that bring a tool by its name in the table of tools.
    pub(crate) fn tool(&self, tool: &str) -> Result<Vec<PackageName>, NameError> {
        let found = self.tools.iter().find(|(name, _)| *name == tool);
        let same = [tool];
        let names = found.map_or(&same[..], |(_, names)| names);
        self.checked(names.iter().map(|name| (*name).to_owned()).collect())
    }

    /// The packages with which a compiler links what these variants instrument.
    pub fn runtimes(
        &self,
        compiler: &Compiler,
        variants: &[Variant],
    ) -> Result<Vec<PackageName>, NameError> {
        self.checked((self.runtimes)(compiler, variants))
    }

    /// The packages with which a compiler of an x86_64 system makes 32-bit programs; `None` where the package
    /// manager has none.
    pub fn multilib(&self, compiler: &Compiler) -> Result<Option<Vec<PackageName>>, NameError> {
        let names = self.multilib.map(|multilib| multilib(compiler));
        names.map(|names| self.checked(names)).transpose()
    }

    /// The commands of a compiler for C and C++; none for one that is not known.
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

    /// The packages that a package manager says it does not have, in the output of a command, in its order.
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

    /// The instruction of a build file that installs packages, which are at least one.
    pub fn install(&self, packages: &BTreeSet<PackageName>) -> String {
        (self.install)(packages)
    }

    /// The part of a build file that makes `cc`, `gcc` and the like mean these compilers, the first one first;
    /// empty where there is nothing to do.
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

/// What stands in a line between two texts, wherever the first is: builders put their own words before a line.
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

/// Whether a compiler has to link a runtime of its own for any of these variants.
fn is_instrumented(variants: &[Variant]) -> bool {
    ["asan", "cov", "tsan", "ubsan"]
        .iter()
        .any(|name| has(variants, name))
}

#[cfg(test)]
pub(crate) mod tests;
