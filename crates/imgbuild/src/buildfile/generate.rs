//! Makes a build file out of what an image misses.
//!
//! The text depends on nothing but its input: packages are sorted, there is one layer a purpose
//! and no time in it. It needs no context, and builds by hand as it is printed: the base is the
//! default of the argument `BASE_IMAGE`, which hand-written build files take too. The legacy builder
//! reads it as BuildKit does.
//!
//! Everything that reaches the text is one of `naming`'s types, whose grammars leave no room for
//! quotes, spaces or a shell's signs.

use std::fmt::Write as _;

use naming::{
    Architecture, Compiler, Family, ImageName, PackageName, Reference, ToolName, Variant,
};

use super::packages::{self, Layer};
use crate::error::{Result, family_name};

/// What a build file is made from.
#[derive(Debug, Clone, Copy)]
pub struct Generated<'a> {
    /// The image to build.
    pub name: &'a ImageName,
    /// What it starts from.
    pub base: &'a Reference,
    /// The package manager in the base.
    pub family: Family,
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

/// The build file's text.
pub fn generate(wanted: &Generated<'_>) -> Result<String> {
    let layers = [
        ("compilers", packages::for_compilers(wanted)?),
        ("packages", packages::by_name(wanted)?),
        ("tools", packages::for_tools(wanted)?),
    ];
    let mut out = format!(
        "# {} with {}, made by imgbuild.\nARG BASE_IMAGE={}\nFROM ${{BASE_IMAGE}}\n",
        wanted.name,
        family_name(wanted.family),
        wanted.base,
    );
    for (purpose, layer) in layers.iter().filter(|(_, layer)| !layer.is_empty()) {
        let _ = write!(out, "\n# {purpose}\n{}", install(wanted.family, layer));
    }
    if wanted.family == Family::Apt {
        out += &alternatives(wanted);
    }
    out += &environment(wanted);
    out += &labels(wanted);
    Ok(out)
}

fn install(family: Family, layer: &Layer) -> String {
    let names: Vec<_> = layer.iter().map(PackageName::as_str).collect();
    let names = names.join(" \\\n        ");
    match family {
        Family::Apt => format!(
            "RUN set -eu; \\\n    export DEBIAN_FRONTEND=noninteractive; \\\n{}    \
             apt-get update; \\\n    \
             apt-get install -y --no-install-recommends \\\n        {names}; \\\n    \
             rm -rf /var/lib/apt/lists/*\n",
            foreign_architectures(layer),
        ),
        Family::Apk => format!("RUN set -eu; \\\n    apk add --no-cache \\\n        {names}\n"),
        Family::Dnf => format!(
            "RUN set -eu; \\\n    \
             dnf=dnf; command -v dnf >/dev/null || dnf=microdnf; \\\n    \
             \"$dnf\" install -y --setopt=install_weak_deps=0 \\\n        {names}; \\\n    \
             \"$dnf\" clean all\n"
        ),
    }
}

/// dpkg takes packages of another architecture only once it was told of it.
fn foreign_architectures(layer: &Layer) -> String {
    let mut names: Vec<_> = layer
        .iter()
        .filter_map(|package| package.as_str()[package.name().len()..].strip_prefix(':'))
        .map(|rest| rest.split('=').next().unwrap_or(rest))
        .filter(|name| !matches!(*name, "all" | "any" | "native"))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
        .iter()
        .map(|name| format!("    dpkg --add-architecture {name}; \\\n"))
        .collect()
}

/// The commands of a compiler for C and C++; none for one that is not in the table.
fn commands(family: Family, compiler: &Compiler) -> Option<(String, String)> {
    let (c, cxx) = match compiler.name() {
        "gcc" => ("gcc", "g++"),
        "clang" => ("clang", "clang++"),
        _ => return None,
    };
    // Alpine's and Fedora's one GCC, and Fedora's clang, have commands without a version.
    let versioned = family == Family::Apt || (family == Family::Apk && c == "clang");
    Some(match compiler.version().filter(|_| versioned) {
        Some(version) => (format!("{c}-{version}"), format!("{cxx}-{version}")),
        None => (c.to_owned(), cxx.to_owned()),
    })
}

/// Makes `cc`, `gcc` and the like mean the compilers asked for. Every name becomes an alternative of its own;
/// what a base has set up for it before goes, since one that was made a companion of `gcc` there (as
/// `--slave` does) could not be set. Hence `gcc` comes first.
fn alternatives(wanted: &Generated<'_>) -> String {
    let mut pairs: Vec<(&str, String)> = Vec::new();
    let mut add = |name: &'static str, command: String| {
        // Not a link to itself, and the first compiler of a kind wins.
        if name != command && pairs.iter().all(|(known, _)| *known != name) {
            pairs.push((name, command));
        }
    };
    let used = wanted.default_compiler.into_iter().chain(wanted.compilers);
    for compiler in used.clone() {
        let Some((c, cxx)) = commands(Family::Apt, compiler) else {
            continue;
        };
        if compiler.name() == "gcc" {
            add("gcc", c);
            add("g++", cxx);
            let version = compiler.version();
            add(
                "gcov",
                version.map_or("gcov".into(), |v| format!("gcov-{v}")),
            );
        } else {
            add("clang", c);
            add("clang++", cxx);
        }
    }
    if let Some((c, cxx)) = used
        .clone()
        .find_map(|compiler| commands(Family::Apt, compiler))
    {
        add("cc", c);
        add("c++", cxx);
    }
    if pairs.is_empty() {
        return String::new();
    }
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, command)| format!("{name}={command}"))
        .collect();
    format!(
        "\n# default compiler\nRUN set -eu; \\\n    for pair in {}; do \\\n        \
         name=\"${{pair%%=*}}\"; path=\"/usr/bin/${{pair#*=}}\"; \\\n        \
         update-alternatives --remove-all \"$name\" 2>/dev/null || true; \\\n        \
         update-alternatives --install \"/usr/bin/$name\" \"$name\" \"$path\" 100; \\\n    \
         done\n",
        pairs.join(" ")
    )
}

fn environment(wanted: &Generated<'_>) -> String {
    let mut used = wanted.default_compiler.into_iter().chain(wanted.compilers);
    match used.find_map(|compiler| commands(wanted.family, compiler)) {
        Some((c, cxx)) => format!("\nENV CC={c} CXX={cxx}\n"),
        None => String::new(),
    }
}

fn labels(wanted: &Generated<'_>) -> String {
    format!(
        "\nLABEL org.opencontainers.image.title=\"{}\" \\\n      \
         org.opencontainers.image.base.name=\"{}\"\n",
        wanted.name,
        wanted.base.canonical(),
    )
}

#[cfg(test)]
#[path = "generate_tests.rs"]
mod tests;
