//! Which packages a build file installs for each purpose.

use std::collections::BTreeSet;

use inventory::{compiler_packages, multilib_packages, tool_packages};
use naming::{Architecture, Compiler, Family, PackageName, Variant};

use super::generate::Generated;
use crate::error::{Error, Result};

/// The packages of one layer, sorted.
pub(super) type Layer = BTreeSet<PackageName>;

/// The variants for which a compiler links a runtime of its own.
const INSTRUMENTED: [&str; 4] = ["asan", "cov", "tsan", "ubsan"];

/// Debian's first clang whose runtimes are a package apart; before, `clang-N` brought them.
const FIRST_SPLIT_CLANG: u32 = 16;

/// The compilers, and what the variants need of them.
pub(super) fn for_compilers(wanted: &Generated<'_>) -> Result<Layer> {
    let mut layer = Layer::new();
    for compiler in wanted.compilers {
        layer.extend(compiler_packages(wanted.family, compiler)?);
    }
    let variant = |name: &str| wanted.variants.iter().any(|v| v.as_str() == name);
    let used = wanted.default_compiler.into_iter().chain(wanted.compilers);
    for compiler in used {
        layer.extend(runtimes(wanted.family, compiler, wanted.variants)?);
        if variant("x86") && wanted.architecture == Architecture::X86_64 {
            layer.extend(for_32_bit(wanted.family, compiler)?);
        }
    }
    Ok(layer)
}

/// The tools.
pub(super) fn for_tools(wanted: &Generated<'_>) -> Result<Layer> {
    let mut layer = Layer::new();
    for tool in wanted.tools {
        layer.extend(tool_packages(wanted.family, tool)?);
    }
    Ok(layer)
}

/// The packages that were asked for by name.
pub(super) fn by_name(wanted: &Generated<'_>) -> Result<Layer> {
    for package in wanted.packages {
        package.check(wanted.family)?;
    }
    Ok(wanted.packages.iter().cloned().collect())
}

fn for_32_bit(family: Family, compiler: &Compiler) -> Result<Vec<PackageName>> {
    match family {
        Family::Apt => Ok(multilib_packages(compiler)?),
        Family::Dnf => ["glibc-devel.i686", "libgcc.i686", "libstdc++-devel.i686"]
            .iter()
            .map(|name| Ok(name.parse()?))
            .collect(),
        Family::Apk => Err(Error::Variant {
            variant: "x86",
            family: "apk, which has no 32-bit packages beside 64-bit ones",
            hint: "ask for `architecture: x86` instead",
        }),
    }
}

/// The runtimes of sanitizers and coverage. Debian's and Alpine's GCC packages bring what they
/// have of them.
fn runtimes(family: Family, compiler: &Compiler, variants: &[Variant]) -> Result<Vec<PackageName>> {
    let has = |name: &str| variants.iter().any(|variant| variant.as_str() == name);
    if !INSTRUMENTED.iter().any(|name| has(name)) {
        return Ok(Vec::new());
    }
    let names: Vec<String> = match (family, compiler.name(), compiler.version()) {
        (Family::Apt, "clang", Some(version)) => version
            .parse()
            .is_ok_and(|major: u32| major >= FIRST_SPLIT_CLANG)
            .then(|| format!("libclang-rt-{version}-dev"))
            .into_iter()
            .collect(),
        (Family::Apk | Family::Dnf, "clang", _) => vec!["compiler-rt".into()],
        (Family::Dnf, "gcc", _) => ["asan", "tsan", "ubsan"]
            .iter()
            .filter(|name| has(name))
            .map(|name| format!("lib{name}"))
            .collect(),
        _ => Vec::new(),
    };
    names.iter().map(|name| Ok(name.parse()?)).collect()
}
