//! dnf: Fedora, RHEL and derivatives. There is one GCC and one clang, with commands without a version.

use std::collections::BTreeSet;

use naming::{Compiler, PackageName, Variant};

use super::{Manager, between, has, is_instrumented, words};
use crate::rpm;

pub(super) const DNF: Manager = Manager {
    name: "dnf",
    distributions: &[
        "almalinux",
        "amazonlinux",
        "centos",
        "fedora",
        "oraclelinux",
        "rhel",
        "rockylinux",
    ],
    database: &rpm::FOLDERS,
    read: rpm::read,
    refuses,
    compiler,
    versioned: &[],
    tools: TOOLS,
    runtimes,
    multilib: Some(|_| MULTILIB.map(str::to_owned).into()),
    install,
    unknown: |line| {
        between(line, "No match for argument: ", "")
            .or_else(|| between(line, "error: No package matches '", "'"))
    },
    choose: |_, _| String::new(),
};

const TOOLS: &[(&str, &[&str])] = &[
    ("b2", &["boost-build"]),
    ("clang-format", &["clang-tools-extra"]),
    ("clang-tidy", &["clang-tools-extra"]),
    ("ninja", &["ninja-build"]),
    ("pip", &["python3-pip"]),
    ("pkg-config", &["pkgconf-pkg-config"]),
    ("ssh", &["openssh-clients"]),
];

const MULTILIB: [&str; 3] = ["glibc-devel.i686", "libgcc.i686", "libstdc++-devel.i686"];

/// rpm's own grammar gives these characters another meaning.
fn refuses(package: &PackageName) -> Option<&'static str> {
    let is_odd = package.as_str().contains([':', '=']);
    is_odd.then_some("holds `:` or `=`; dnf takes a version as `name-version`")
}

fn compiler(compiler: &Compiler) -> Option<Vec<String>> {
    match compiler.name() {
        "gcc" => Some(vec!["gcc".into(), "gcc-c++".into()]),
        "clang" => Some(vec!["clang".into()]),
        _ => None,
    }
}

fn runtimes(compiler: &Compiler, variants: &[Variant]) -> Vec<String> {
    match compiler.name() {
        "clang" if is_instrumented(variants) => vec!["compiler-rt".into()],
        "gcc" => ["asan", "tsan", "ubsan"]
            .iter()
            .filter(|name| has(variants, name))
            .map(|name| format!("lib{name}"))
            .collect(),
        _ => Vec::new(),
    }
}

fn install(packages: &BTreeSet<PackageName>) -> String {
    format!(
        "RUN set -eu; \\\n    \
         dnf=dnf; command -v dnf >/dev/null || dnf=microdnf; \\\n    \
         \"$dnf\" install -y --setopt=install_weak_deps=0 \\\n        {}; \\\n    \
         \"$dnf\" clean all; \\\n    \
         rm -rf /var/cache/dnf/* /var/cache/libdnf5/* /var/cache/yum/*\n",
        words(packages),
    )
}

#[cfg(test)]
mod tests {
    use super::DNF;
    use crate::managers::tests::{allowed, brought, needed};

    #[test]
    fn compilers() {
        brought(&DNF, &[("gcc-14", "gcc gcc-c++"), ("clang-18", "clang")]);
        needed(
            &DNF,
            &[
                ("gcc", "asan ubsan x86", "libasan libubsan"),
                ("gcc", "cov", ""),
                ("clang", "cov", "compiler-rt"),
                ("clang", "x86", ""),
            ],
        );
    }

    #[test]
    fn names() {
        allowed(
            &DNF,
            &[
                ("SDL2-devel", true),
                ("py3_x", true),
                ("libssl-dev:i386", false),
                ("zlib=1.3.1-r1", false),
            ],
        );
    }
}
