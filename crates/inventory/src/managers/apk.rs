//! apk: Alpine, Wolfi. There is one GCC, with commands without a version; older clangs are packages and commands with
//! one (`clang18`, `clang-18`).
//!
//! The database has stanzas of a letter, a colon and a value (apk-v2 package database), separated by empty lines. `P:`
//! is the name, `V:` the version, `p:` the provided names: words such as `samurai=1.2`, `so:libc.musl-x86_64.so.1=1`,
//! `cmd:gcc=13.2`. Alpine up to 3.22 has it in `lib/apk/db`, systems with merged `/usr` in `usr/lib/apk/db`.

use std::collections::BTreeSet;

use naming::{Compiler, PackageName, Variant};

use super::{Manager, is_instrumented, words};
use crate::Result;
use crate::files::Files;
use crate::packages::Packages;

pub(super) const APK: Manager = Manager {
    name: "apk",
    distributions: &["alpine", "chainguard", "wolfi"],
    database: &PATHS,
    read,
    refuses: |package| {
        let is_odd = package.as_str().contains(':');
        is_odd.then_some("holds `:`, which no Alpine package has")
    },
    compiler,
    versioned: &["clang"],
    tools: TOOLS,
    runtimes,
    multilib: None,
    install,
    unknown: |line| {
        let name = line.split_once(" (no such package):")?.0;
        name.split_whitespace().last()
    },
    choose: |_, _| String::new(),
};

/// Alpine's ninja-build installs no `ninja` in the path; samurai does, and is Alpine's default.
const TOOLS: &[(&str, &[&str])] = &[
    ("b2", &["boost-build"]),
    ("clang-format", &["clang-extra-tools"]),
    ("clang-tidy", &["clang-extra-tools"]),
    ("ninja", &["samurai"]),
    ("pip", &["py3-pip"]),
    ("pkg-config", &["pkgconf"]),
    ("ssh", &["openssh-client"]),
];

const PATHS: [&str; 2] = ["lib/apk/db/installed", "usr/lib/apk/db/installed"];

/// The largest accepted database, in bytes. It lists every file; a full build image's has 5 MB.
const MAX_DATABASE: u64 = 64 * 1024 * 1024;

/// Alpine's clang has no start files and no libstdc++ of its own.
fn compiler(compiler: &Compiler) -> Option<Vec<String>> {
    let first = match (compiler.name(), compiler.version()) {
        ("gcc", _) => "gcc".into(),
        ("clang", Some(version)) => format!("clang{version}"),
        ("clang", None) => "clang".into(),
        _ => return None,
    };
    Some(vec![first, "g++".into(), "musl-dev".into()])
}

/// GCC's packages contain its runtimes.
fn runtimes(compiler: &Compiler, variants: &[Variant]) -> Vec<String> {
    match compiler.name() {
        "clang" if is_instrumented(variants) => vec!["compiler-rt".into()],
        _ => Vec::new(),
    }
}

fn install(packages: &BTreeSet<PackageName>) -> String {
    format!(
        "RUN set -eu; \\\n    apk add --no-cache \\\n        {}; \\\n    \
         rm -rf /var/cache/apk/* /etc/apk/cache/*\n",
        words(packages)
    )
}

fn read(files: &dyn Files) -> Result<Packages> {
    for path in PATHS {
        if let Some(bytes) = files.read(path, MAX_DATABASE)? {
            return Ok(parse(&bytes));
        }
    }
    Ok(Packages::default())
}

fn parse(bytes: &[u8]) -> Packages {
    let text = String::from_utf8_lossy(bytes);
    let mut packages = Packages::default();
    let (mut name, mut version, mut provides) = ("", "", "");
    for line in text.lines().chain([""]) {
        if line.is_empty() {
            if !name.is_empty() {
                packages.insert(name, version);
                packages.provide(provides.split_whitespace().map(bare));
            }
            (name, version, provides) = ("", "", "");
        } else {
            match line.split_once(':') {
                Some(("P", value)) => name = value.trim(),
                Some(("V", value)) => version = value.trim(),
                Some(("p", value)) => provides = value,
                _ => {}
            }
        }
    }
    packages
}

/// A dependency's name without its version: `samurai=1.2`, `x>1`, `y~2`.
fn bare(word: &str) -> &str {
    word.split(['=', '<', '>', '~']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::testing::Tree;
    use crate::managers::tests::{allowed, brought, needed};
    use proptest::prelude::*;

    #[test]
    fn compilers_and_names() {
        brought(
            &APK,
            &[
                ("gcc-13", "gcc g++ musl-dev"),
                ("clang-18", "clang18 g++ musl-dev"),
                ("clang", "clang g++ musl-dev"),
            ],
        );
        needed(
            &APK,
            &[("clang-18", "ubsan", "compiler-rt"), ("gcc", "asan", "")],
        );
        allowed(
            &APK,
            &[
                ("SDL2-devel", true),
                ("py3_x", true),
                ("zlib=1.3.1-r1", true),
                ("libssl-dev:i386", false),
            ],
        );
    }

    const TEXT: &str = "\
C:Q1abc=
P:gcc
V:13.2.1_git20240309-r0
A:x86_64
p:so:libcc1.so.0=0.0.0 cmd:cc=13.2.1 cc gnu-cc=13
F:usr/bin
R:gcc
Z:Q1P:no

P:musl
V:1.2.5-r0

V:1-r0
";

    #[test]
    fn names_versions_and_provides() {
        for path in PATHS {
            let packages = read(&Tree::new(&[(path, TEXT)])).expect("read");
            let installed: Vec<_> = packages.installed.iter().collect();
            assert_eq!(installed.len(), 2);
            assert_eq!(packages.installed["gcc"], "13.2.1_git20240309-r0");
            assert_eq!(packages.installed["musl"], "1.2.5-r0");
            let provided: Vec<_> = packages.provided.iter().map(String::as_str).collect();
            assert_eq!(provided, ["cc", "gnu-cc"]);
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "([PVpA]?:?[a-zé:=<>~ ]{0,10}\\n{1,2}){0,20}") {
            parse(text.as_bytes());
        }
    }
}
