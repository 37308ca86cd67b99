//! Generates a build file for the missing contents.
//!
//! The text depends only on its input: packages are sorted, each purpose has one layer, and there is no time in it. It
//! needs no context, and can be built by hand as printed: the base is the default of the argument `BASE_IMAGE`, as in
//! hand-written build files. The legacy builder and BuildKit read it in the same way.
//!
//! All inserted texts are of `naming`'s types, whose grammars exclude quotes, spaces and a shell's special characters.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use inventory::Manager;
use naming::{Architecture, Compiler, ImageName, PackageName, Reference, ToolName, Variant};

use super::packages;
use super::scan::SCRATCH;
use crate::error::Result;

/// The input of a build file.
#[derive(Debug, Clone, Copy)]
pub struct Generated<'a> {
    /// The image to build.
    pub name: &'a ImageName,
    /// Its base; `None` is `scratch`.
    pub base: Option<&'a Reference>,
    /// The package manager in the base; `None` if there is none and nothing needs it.
    pub manager: Option<&'static Manager>,
    /// The architecture of the image.
    pub architecture: Architecture,
    /// The compilers to install.
    pub compilers: &'a [Compiler],
    /// The compiler for `CC`, `CXX`, `cc` and `c++`: the first required one, whether it is installed now or in the
    /// base.
    pub default_compiler: Option<&'a Compiler>,
    /// The packages to install.
    pub packages: &'a [PackageName],
    /// The tools to install.
    pub tools: &'a [ToolName],
    /// The variants of the image.
    pub variants: &'a [Variant],
}

impl<'a> Generated<'a> {
    /// The compilers that the image is used with, the default first.
    pub(super) fn used(&self) -> impl Iterator<Item = &'a Compiler> {
        self.default_compiler.into_iter().chain(self.compilers)
    }
}

/// The build file's text.
pub fn generate(wanted: &Generated<'_>) -> Result<String> {
    let base = wanted
        .base
        .map_or_else(|| SCRATCH.to_owned(), ToString::to_string);
    let with = wanted
        .manager
        .map_or_else(String::new, |manager| format!(" with {}", manager.name));
    let mut out = format!(
        "# {}{with}, made by imgbuild.\nARG BASE_IMAGE={base}\nFROM ${{BASE_IMAGE}}\n",
        wanted.name,
    );
    if let Some(manager) = wanted.manager {
        out += &installed(wanted, manager)?;
    }
    out += &labels(wanted);
    Ok(out)
}

/// All packages that it installs. If a package has another name than its compiler or tool, that is the value.
pub fn installs(wanted: &Generated<'_>) -> Result<BTreeMap<PackageName, Option<String>>> {
    let Some(manager) = wanted.manager else {
        return Ok(BTreeMap::new());
    };
    let mut all = packages::for_compilers(wanted, manager)?;
    all.extend(packages::by_name(wanted, manager)?);
    all.extend(packages::for_tools(wanted, manager)?);
    let mut all: BTreeMap<_, _> = all.into_iter().map(|package| (package, None)).collect();
    let mut note = |packages: Vec<PackageName>, asked: &str| {
        for package in packages.into_iter().filter(|it| it.as_str() != asked) {
            all.insert(package, Some(asked.to_owned()));
        }
    };
    for compiler in wanted.compilers {
        note(manager.compiler_packages(compiler)?, compiler.as_str());
    }
    for tool in wanted.tools {
        note(inventory::tool_packages(manager, tool)?, tool.as_str());
    }
    Ok(all)
}

fn installed(wanted: &Generated<'_>, manager: &Manager) -> Result<String> {
    let layers = [
        ("compilers", packages::for_compilers(wanted, manager)?),
        ("packages", packages::by_name(wanted, manager)?),
        ("tools", packages::for_tools(wanted, manager)?),
    ];
    let mut out = String::new();
    for (purpose, layer) in layers.iter().filter(|(_, layer)| !layer.is_empty()) {
        let _ = write!(out, "\n# {purpose}\n{}", manager.install(layer));
    }
    let used: Vec<_> = wanted.used().collect();
    out += &manager.choose(&used);
    if let Some((c, cxx)) = used.iter().find_map(|compiler| manager.commands(compiler)) {
        let _ = write!(out, "\nENV CC={c} CXX={cxx}\n");
    }
    Ok(out)
}

/// Whether a reference is one of a store's own. No registry has such an image, so it must not be the value of
/// `org.opencontainers.image.base.name` (OCI image specification, annotations.md).
fn is_of_store(base: &Reference) -> bool {
    let text = base.to_string();
    let name = text.strip_suffix(":latest").map(str::parse::<ImageName>);
    name.is_some_and(|name| name.is_ok())
}

fn labels(wanted: &Generated<'_>) -> String {
    let title = format!("\nLABEL org.opencontainers.image.title=\"{}\"", wanted.name);
    match wanted.base.filter(|base| !is_of_store(base)) {
        Some(base) => format!(
            "{title} \\\n      org.opencontainers.image.base.name=\"{}\"\n",
            base.canonical()
        ),
        None => format!("{title}\n"),
    }
}

#[cfg(test)]
#[path = "generate_tests.rs"]
mod tests;
