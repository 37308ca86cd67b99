//! Finds the compilers of an image.
//!
//! Package names with a version decide first (`gcc-12`, `clang18`), then the version of a package (`gcc` 13.2.1 is
//! `gcc-13`). Without a package, commands decide.

use std::collections::BTreeSet;

use naming::Compiler;

use crate::packages::Packages;

/// The known compilers, with the first major version whose releases are named by the major number alone (GCC 5, Clang
/// 4; before, `gcc-4.8` and `clang-3.9` were releases).
const KNOWN: [(&str, u32); 2] = [("clang", 4), ("gcc", 5)];

/// The compilers from packages, commands and GCC's own folders, sorted. One without a version is listed only if its
/// version is unknown.
pub(crate) fn find(
    packages: &Packages,
    commands: &BTreeSet<String>,
    gcc_versions: &BTreeSet<String>,
) -> Vec<Compiler> {
    let mut found = BTreeSet::new();
    for (name, by_major_since) in KNOWN {
        let mut versions = BTreeSet::new();
        for (package, version) in &packages.installed {
            if package == name {
                versions.extend(release(version, by_major_since));
            }
            versions.extend(suffix(package, name).map(str::to_owned));
        }
        versions.extend(
            commands
                .iter()
                .filter_map(|command| command.strip_prefix(name)?.strip_prefix('-'))
                .filter(|version| is_version(version))
                .map(str::to_owned),
        );
        if name == "gcc" {
            versions.extend(
                gcc_versions
                    .iter()
                    .filter_map(|v| release(v, by_major_since)),
            );
        }
        if versions.is_empty() && commands.contains(name) {
            found.extend(name.parse::<Compiler>());
        }
        found.extend(
            versions
                .iter()
                .filter_map(|version| format!("{name}-{version}").parse::<Compiler>().ok()),
        );
    }
    found.into_iter().collect()
}

/// `13` of `13.2.1_git20240309-r0`, `12` of `4:12.2.0-3`, `4.8` of `4.8.5`.
fn release(version: &str, by_major_since: u32) -> Option<String> {
    let (_, version) = version.split_once(':').unwrap_or(("", version));
    let number = |part: Option<&str>| {
        let part = part?;
        let end = part.find(|c: char| !c.is_ascii_digit());
        part[..end.unwrap_or(part.len())].parse::<u32>().ok()
    };
    let mut parts = version.split('.');
    let major = number(parts.next())?;
    if major >= by_major_since {
        return Some(major.to_string());
    }
    Some(format!("{major}.{}", number(parts.next())?))
}

/// `12` of `gcc-12`, `18` of `clang18`.
fn suffix<'a>(package: &'a str, name: &str) -> Option<&'a str> {
    let rest = package.strip_prefix(name)?;
    let version = rest.strip_prefix('-').unwrap_or(rest);
    is_version(version).then_some(version)
}

fn is_version(text: &str) -> bool {
    !text.is_empty()
        && text
            .split('.')
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests;
