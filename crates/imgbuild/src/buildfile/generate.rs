//! Makes a build file out of what an image misses.
//!
//! The text depends on nothing but its input: packages are sorted, there is one layer a purpose
//! and no time in it. It needs no context, and builds by hand as it is printed: the base is the
//! default of the argument `BASE_IMAGE`, which hand-written build files take too. The legacy builder
//! reads it as BuildKit does.
//!
//! Everything that reaches the text is one of `naming`'s types, whose grammars leave no room for
//! quotes, spaces or a shell's signs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use inventory::Manager;
use naming::{Architecture, Compiler, ImageName, PackageName, Reference, ToolName, Variant};

use super::packages;
use super::scan::SCRATCH;
use crate::error::Result;

/// What a build file is made from.
#[derive(Debug, Clone, Copy)]
pub struct Generated<'a> {
    /// The image to build.
    pub name: &'a ImageName,
    /// What it starts from; `None` is `scratch`.
    pub base: Option<&'a Reference>,
    /// The package manager in the base; `None` if there is none and nothing that would need it.
    pub manager: Option<&'static Manager>,
    /// The processor that the image is for.
    pub architecture: Architecture,
    /// The compilers to install.
    pub compilers: &'a [Compiler],
    /// The compiler that `CC`, `CXX`, `cc` and `c++` mean: the first that was required, whether
    /// it is installed now or was in the base.
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

/// All packages that it installs, each with the compiler or tool that it is for, if that has another name.
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

/// Whether a reference is one that a store gives its images. No registry has that image, so it is not the image reference
/// that `org.opencontainers.image.base.name` stands for (OCI image specification, annotations.md).
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
