//! The packages that a build file installs for each purpose.

use std::collections::BTreeSet;

use inventory::{Manager, tool_packages};
use naming::{Architecture, PackageName};

use super::generate::Generated;
use crate::error::{Error, Result};

/// The packages of one layer, sorted.
pub(super) type Layer = BTreeSet<PackageName>;

/// The compilers, and the packages that they need for the variants.
pub(super) fn for_compilers(wanted: &Generated<'_>, manager: &Manager) -> Result<Layer> {
    let mut layer = Layer::new();
    for compiler in wanted.compilers {
        layer.extend(manager.compiler_packages(compiler)?);
    }
    let for_32_bit = wanted.variants.iter().any(|v| v.as_str() == "x86")
        && wanted.architecture == Architecture::X86_64;
    for compiler in wanted.used() {
        layer.extend(manager.runtimes(compiler, wanted.variants)?);
        if for_32_bit {
            let packages = manager.multilib(compiler)?;
            let none = Error::No32Bit {
                manager: manager.name,
            };
            layer.extend(packages.ok_or(none)?);
        }
    }
    Ok(layer)
}

pub(super) fn for_tools(wanted: &Generated<'_>, manager: &Manager) -> Result<Layer> {
    let mut layer = Layer::new();
    for tool in wanted.tools {
        layer.extend(tool_packages(manager, tool)?);
    }
    Ok(layer)
}

/// The packages that are required by name.
pub(super) fn by_name(wanted: &Generated<'_>, manager: &Manager) -> Result<Layer> {
    for package in wanted.packages {
        manager.check(package)?;
    }
    Ok(wanted.packages.iter().cloned().collect())
}
