//! The tools of requirements, and the commands that prove that one is installed. If a tool's package has another name,
//! the package manager's module has it.
//!
//! An unknown tool is its own command and its own package.

use std::collections::BTreeSet;

use naming::{NameError, PackageName, ToolName};

use crate::Manager;

/// Each tool with its commands; any of them proves that it is installed. Sorted by name.
const TOOLS: &[(&str, &[&str])] = &[
    ("autoconf", &["autoconf"]),
    ("automake", &["automake"]),
    ("b2", &["b2", "bjam"]),
    ("bash", &["bash"]),
    ("bison", &["bison"]),
    ("bzip2", &["bzip2"]),
    ("ccache", &["ccache"]),
    ("clang-format", &["clang-format"]),
    ("clang-tidy", &["clang-tidy"]),
    ("cmake", &["cmake"]),
    ("cppcheck", &["cppcheck"]),
    ("curl", &["curl"]),
    ("doxygen", &["doxygen"]),
    ("file", &["file"]),
    ("flex", &["flex"]),
    ("gcovr", &["gcovr"]),
    ("gdb", &["gdb"]),
    ("git", &["git"]),
    ("jq", &["jq"]),
    ("lcov", &["lcov"]),
    // Debian's `libtool` package has only libtoolize, which build systems call.
    ("libtool", &["libtool", "libtoolize"]),
    ("lld", &["ld.lld"]),
    ("m4", &["m4"]),
    ("make", &["make"]),
    ("meson", &["meson"]),
    ("mold", &["mold"]),
    ("nasm", &["nasm"]),
    ("ninja", &["ninja", "ninja-build"]),
    ("patch", &["patch"]),
    ("perl", &["perl"]),
    ("pip", &["pip3", "pip"]),
    ("pkg-config", &["pkg-config", "pkgconf"]),
    ("python3", &["python3"]),
    ("rsync", &["rsync"]),
    ("ssh", &["ssh"]),
    ("sudo", &["sudo"]),
    ("tar", &["tar"]),
    ("unzip", &["unzip"]),
    ("valgrind", &["valgrind"]),
    ("wget", &["wget"]),
    ("xz", &["xz"]),
    ("zip", &["zip"]),
];

/// Other names of a tool in requirements.
const ALIASES: [(&str, &str); 5] = [
    ("git-core", "git"),
    ("ninja-build", "ninja"),
    ("pip3", "pip"),
    ("pkgconf", "pkg-config"),
    ("python", "python3"),
];

/// The row of a tool.
fn known(tool: &ToolName) -> Option<&'static (&'static str, &'static [&'static str])> {
    let name = tool.as_str().to_ascii_lowercase();
    let alias = ALIASES.iter().find(|(alias, _)| *alias == name);
    let name = alias.map_or(name.as_str(), |(_, meant)| meant);
    TOOLS.iter().find(|(tool, _)| *tool == name)
}

/// The known tools in the image, sorted.
pub(crate) fn find(commands: &BTreeSet<String>) -> Vec<ToolName> {
    TOOLS
        .iter()
        .filter(|(_, its)| its.iter().any(|name| commands.contains(*name)))
        .filter_map(|(tool, _)| tool.parse().ok())
        .collect()
}

/// Whether a tool is among an image's commands.
pub(crate) fn is_there(tool: &ToolName, commands: &BTreeSet<String>) -> bool {
    match known(tool) {
        Some((_, its)) => its.iter().any(|name| commands.contains(*name)),
        None => commands.contains(tool.as_str()),
    }
}

/// Whether the table has a tool of exactly this name.
#[cfg(test)]
pub(crate) fn has(name: &str) -> bool {
    TOOLS.iter().any(|(tool, _)| *tool == name)
}

/// The packages of a tool. An unknown tool is its own package.
pub fn tool_packages(manager: &Manager, tool: &ToolName) -> Result<Vec<PackageName>, NameError> {
    manager.tool(known(tool).map_or(tool.as_str(), |(name, _)| name))
}

#[cfg(test)]
mod tests;
