//! apt: Debian, Ubuntu and derivatives. Packages and commands of compilers have a version in their names (`gcc-12`,
//! `clang-15`); several can be installed together.

use std::collections::BTreeSet;

use naming::{Compiler, PackageName, Variant};

use super::{Manager, between, is_instrumented, words};
use crate::dpkg;

pub(super) const APT: Manager = Manager {
    name: "apt",
    distributions: &["debian", "kali", "linuxmint", "raspbian", "ubuntu"],
    database: &[dpkg::STATUS, dpkg::STATUS_FOLDER],
    read: dpkg::read,
    refuses,
    compiler,
    versioned: &["clang", "gcc"],
    tools: TOOLS,
    runtimes,
    multilib: Some(multilib),
    install,
    unknown: |line| {
        between(line, "E: Unable to locate package ", "")
            .or_else(|| between(line, "E: Package '", "' has no installation candidate"))
            .or_else(|| between(line, "E: Couldn't find any package by glob '", "'"))
    },
    choose,
};

/// Debian only recommends the certificates, which downloads over TLS need. Build files install no recommended packages,
/// so they are listed.
const TOOLS: &[(&str, &[&str])] = &[
    ("b2", &["libboost-tools-dev"]),
    ("curl", &["curl", "ca-certificates"]),
    ("git", &["git", "ca-certificates"]),
    ("ninja", &["ninja-build"]),
    ("pip", &["python3-pip"]),
    ("ssh", &["openssh-client"]),
    ("wget", &["wget", "ca-certificates"]),
    ("xz", &["xz-utils"]),
];

/// Debian's first clang with separate packages for its runtimes; before, `clang-N` contained them.
const FIRST_SPLIT_CLANG: u32 = 16;

/// Debian policy 5.6.1.
fn refuses(package: &PackageName) -> Option<&'static str> {
    let name = package.name();
    if name.len() < 2 {
        Some("is shorter than Debian's names are")
    } else if name.contains('_') {
        Some("holds `_`, which no Debian package has")
    } else if name.bytes().any(|b| b.is_ascii_uppercase()) {
        Some("holds an upper-case letter, which no Debian package has")
    } else {
        None
    }
}

/// tcc cannot link without the C library, which Debian only recommends.
fn compiler(compiler: &Compiler) -> Option<Vec<String>> {
    match (compiler.name(), compiler.version()) {
        ("gcc", Some(v)) => Some(vec![format!("gcc-{v}"), format!("g++-{v}")]),
        ("gcc", None) => Some(vec!["gcc".into(), "g++".into()]),
        ("tcc", None) => Some(vec!["tcc".into(), "libc6-dev".into()]),
        _ => None,
    }
}

/// GCC's packages contain its runtimes.
fn runtimes(compiler: &Compiler, variants: &[Variant]) -> Vec<String> {
    let version = compiler.version().filter(|version| {
        let is_split = |major: u32| major >= FIRST_SPLIT_CLANG;
        compiler.name() == "clang" && version.parse().is_ok_and(is_split)
    });
    let version = version.filter(|_| is_instrumented(variants));
    let names = version.map(|version| format!("libclang-rt-{version}-dev"));
    names.into_iter().collect()
}

/// clang uses the libraries of GCC's packages.
fn multilib(compiler: &Compiler) -> Vec<String> {
    match (compiler.name(), compiler.version()) {
        ("gcc", Some(v)) => vec![format!("gcc-{v}-multilib"), format!("g++-{v}-multilib")],
        _ => vec!["gcc-multilib".into(), "g++-multilib".into()],
    }
}

/// `clean` knows the base's folders of downloads and of apt's tables. Docker's own images of Debian remove these by a
/// hook; other bases, for example debootstrap's, keep them.
const CLEAN: &str = "apt-get clean; \\\n    rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin";

fn install(packages: &BTreeSet<PackageName>) -> String {
    format!(
        "RUN set -eu; \\\n    export DEBIAN_FRONTEND=noninteractive; \\\n{}    \
         apt-get update; \\\n    \
         apt-get install -y --no-install-recommends \\\n        {}; \\\n    {CLEAN}\n",
        foreign_architectures(packages),
        words(packages),
    )
}

/// dpkg accepts packages of another architecture only after it was added.
fn foreign_architectures(packages: &BTreeSet<PackageName>) -> String {
    let mut names: Vec<_> = packages
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

/// Every name becomes a separate alternative. The base's own alternatives are removed: a name that is a slave of `gcc`
/// there (`--slave`) could not be set. Therefore `gcc` comes first.
fn choose(apt: &Manager, compilers: &[&Compiler]) -> String {
    let mut pairs: Vec<(&str, String)> = Vec::new();
    let mut add = |name: &'static str, command: String| {
        // Not a link to itself. The first compiler of a kind wins.
        if name != command && pairs.iter().all(|(known, _)| *known != name) {
            pairs.push((name, command));
        }
    };
    for compiler in compilers {
        let Some((c, cxx)) = apt.commands(compiler) else {
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
    if let Some((c, cxx)) = compilers.iter().find_map(|compiler| apt.commands(compiler)) {
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

#[cfg(test)]
mod tests {
    use super::APT;
    use crate::managers::tests::{allowed, brought, joined, needed};

    #[test]
    fn compilers() {
        brought(
            &APT,
            &[
                ("gcc-12", "gcc-12 g++-12"),
                ("gcc", "gcc g++"),
                ("tcc", "tcc libc6-dev"),
                ("clang-20", "clang-20"),
                ("gcc-4.8", "gcc-4.8 g++-4.8"),
            ],
        );
        let odd = "gcc_x".parse().expect("compiler");
        assert!(APT.compiler_packages(&odd).is_err());
        needed(
            &APT,
            &[
                ("clang-16", "asan", "libclang-rt-16-dev"),
                ("clang-15", "asan", ""),
                ("clang-16", "x86", ""),
                ("gcc-12", "asan", ""),
            ],
        );
        for (compiler, expected) in [
            ("gcc-12", "gcc-12-multilib g++-12-multilib"),
            ("clang-20", "gcc-multilib g++-multilib"),
        ] {
            let packages = APT.multilib(&compiler.parse().expect("compiler"));
            assert_eq!(joined(packages.map(Option::unwrap_or_default)), expected);
        }
    }

    #[test]
    fn names() {
        allowed(
            &APT,
            &[
                ("g++-12", true),
                ("libssl-dev:i386", true),
                ("zlib1g=1:1.2.13.dfsg-1", true),
                ("SDL2-devel", false),
                ("py3_x", false),
                ("r", false),
            ],
        );
    }
}
