//! The tools that requirements name: which commands show that one is there, which packages bring it.
//!
//! A tool that the table does not know is its own command and its own package.

use std::collections::BTreeSet;

use naming::{Family, NameError, PackageName, ToolName};

use crate::compilers::checked;

struct Tool {
    name: &'static str,
    /// Any one of these shows that the tool is there.
    commands: &'static [&'static str],
    apt: &'static [&'static str],
    apk: &'static [&'static str],
    dnf: &'static [&'static str],
}

/// A tool whose command and package have its name everywhere.
const fn same(name: &'static [&'static str; 1]) -> Tool {
    row(name, name, name, name)
}

/// A tool whose command has its name.
const fn row(
    name: &'static [&'static str; 1],
    apt: &'static [&'static str],
    apk: &'static [&'static str],
    dnf: &'static [&'static str],
) -> Tool {
    Tool {
        name: name[0],
        commands: name,
        apt,
        apk,
        dnf,
    }
}

/// Sorted by name. Debian only recommends the certificates without which a download over TLS
/// fails; build files install no recommended packages, so they are listed.
const TOOLS: &[Tool] = &[
    same(&["autoconf"]),
    same(&["automake"]),
    Tool {
        name: "b2",
        commands: &["b2", "bjam"],
        apt: &["libboost-tools-dev"],
        apk: &["boost-build"],
        dnf: &["boost-build"],
    },
    same(&["bash"]),
    same(&["bison"]),
    same(&["bzip2"]),
    same(&["ccache"]),
    row(
        &["clang-format"],
        &["clang-format"],
        &["clang-extra-tools"],
        &["clang-tools-extra"],
    ),
    row(
        &["clang-tidy"],
        &["clang-tidy"],
        &["clang-extra-tools"],
        &["clang-tools-extra"],
    ),
    same(&["cmake"]),
    same(&["cppcheck"]),
    row(
        &["curl"],
        &["curl", "ca-certificates"],
        &["curl"],
        &["curl"],
    ),
    same(&["doxygen"]),
    same(&["file"]),
    same(&["flex"]),
    same(&["gcovr"]),
    same(&["gdb"]),
    row(&["git"], &["git", "ca-certificates"], &["git"], &["git"]),
    same(&["jq"]),
    same(&["lcov"]),
    Tool {
        name: "libtool",
        // Debian's `libtool` package has only libtoolize, which is what build systems call.
        commands: &["libtool", "libtoolize"],
        apt: &["libtool"],
        apk: &["libtool"],
        dnf: &["libtool"],
    },
    Tool {
        name: "lld",
        commands: &["ld.lld"],
        apt: &["lld"],
        apk: &["lld"],
        dnf: &["lld"],
    },
    same(&["m4"]),
    same(&["make"]),
    same(&["meson"]),
    same(&["mold"]),
    same(&["nasm"]),
    Tool {
        name: "ninja",
        commands: &["ninja", "ninja-build"],
        apt: &["ninja-build"],
        // Alpine's ninja-build puts no `ninja` into the path; samurai does, and is its default.
        apk: &["samurai"],
        dnf: &["ninja-build"],
    },
    same(&["patch"]),
    same(&["perl"]),
    Tool {
        name: "pip",
        commands: &["pip3", "pip"],
        apt: &["python3-pip"],
        apk: &["py3-pip"],
        dnf: &["python3-pip"],
    },
    Tool {
        name: "pkg-config",
        commands: &["pkg-config", "pkgconf"],
        apt: &["pkg-config"],
        apk: &["pkgconf"],
        dnf: &["pkgconf-pkg-config"],
    },
    same(&["python3"]),
    same(&["rsync"]),
    Tool {
        name: "ssh",
        commands: &["ssh"],
        apt: &["openssh-client"],
        apk: &["openssh-client"],
        dnf: &["openssh-clients"],
    },
    same(&["sudo"]),
    same(&["tar"]),
    same(&["unzip"]),
    same(&["valgrind"]),
    row(
        &["wget"],
        &["wget", "ca-certificates"],
        &["wget"],
        &["wget"],
    ),
    Tool {
        name: "xz",
        commands: &["xz"],
        apt: &["xz-utils"],
        apk: &["xz"],
        dnf: &["xz"],
    },
    same(&["zip"]),
];

/// Other names that requirements use for a tool of the table.
const ALIASES: [(&str, &str); 5] = [
    ("git-core", "git"),
    ("ninja-build", "ninja"),
    ("pip3", "pip"),
    ("pkgconf", "pkg-config"),
    ("python", "python3"),
];

fn known(tool: &ToolName) -> Option<&'static Tool> {
    let name = tool.as_str().to_ascii_lowercase();
    let alias = ALIASES.iter().find(|(alias, _)| *alias == name);
    let name = alias.map_or(name.as_str(), |(_, meant)| meant);
    TOOLS.iter().find(|tool| tool.name == name)
}

/// The tools of the table that are there, sorted.
pub(crate) fn find(commands: &BTreeSet<String>) -> Vec<ToolName> {
    TOOLS
        .iter()
        .filter(|tool| tool.commands.iter().any(|name| commands.contains(*name)))
        .filter_map(|tool| tool.name.parse().ok())
        .collect()
}

/// Whether a tool is among an image's commands.
pub(crate) fn is_there(tool: &ToolName, commands: &BTreeSet<String>) -> bool {
    match known(tool) {
        Some(tool) => tool.commands.iter().any(|name| commands.contains(*name)),
        None => commands.contains(tool.as_str()),
    }
}

/// The packages that bring a tool. A tool that is not in the table is its own package.
pub fn tool_packages(family: Family, tool: &ToolName) -> Result<Vec<PackageName>, NameError> {
    let names = match known(tool) {
        None => vec![tool.to_string()],
        Some(tool) => {
            let names = match family {
                Family::Apt => tool.apt,
                Family::Apk => tool.apk,
                Family::Dnf => tool.dnf,
            };
            names.iter().map(|name| (*name).to_owned()).collect()
        }
    };
    checked(family, names)
}

#[cfg(test)]
mod tests;
