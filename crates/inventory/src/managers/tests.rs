use super::*;

/// The package manager of this name.
pub(crate) fn named(name: &str) -> Option<&'static Manager> {
    MANAGERS
        .iter()
        .copied()
        .find(|manager| manager.name == name)
}

/// Names as one text, for comparing.
pub(super) fn joined(names: Result<Vec<PackageName>, NameError>) -> String {
    let names = names.expect("valid names");
    let names: Vec<_> = names.iter().map(PackageName::as_str).collect();
    names.join(" ")
}

/// Checks the packages of each compiler.
#[track_caller]
pub(super) fn brought(manager: &Manager, table: &[(&str, &str)]) {
    for (compiler, expected) in table {
        let compiler: Compiler = compiler.parse().expect("compiler");
        assert_eq!(joined(manager.compiler_packages(&compiler)), *expected);
    }
}

/// Checks the packages that each compiler needs for variants.
#[track_caller]
pub(super) fn needed(manager: &Manager, table: &[(&str, &str, &str)]) {
    for (compiler, variants, expected) in table {
        let compiler: Compiler = compiler.parse().expect("compiler");
        let variants: Vec<Variant> = variants
            .split_whitespace()
            .map(|variant| variant.parse().expect("variant"))
            .collect();
        assert_eq!(joined(manager.runtimes(&compiler, &variants)), *expected);
    }
}

/// Checks which package names are allowed.
#[track_caller]
pub(super) fn allowed(manager: &Manager, table: &[(&str, bool)]) {
    for (text, expected) in table {
        let package: PackageName = text.parse().expect(text);
        assert_eq!(manager.check(&package).is_ok(), *expected, "{text}");
    }
}

#[test]
fn what_holds_of_each() {
    let mut names = BTreeSet::new();
    for manager in MANAGERS {
        assert!(names.insert(manager.name), "{} twice", manager.name);
        assert!(manager.tools.is_sorted(), "{}", manager.name);
        for (tool, packages) in manager.tools {
            assert!(crate::tools::has(tool), "{tool} is not in the table");
            assert!(*packages != [*tool], "{tool} is called so everywhere");
            manager.tool(tool).expect(tool);
        }
        for path in manager.database {
            assert!(!path.starts_with('/') && crate::Inventory::wants(path));
        }
        let none = (manager.read)(&crate::files::testing::Tree::default());
        assert_eq!(none.expect("no database"), Packages::default());
        let packages = BTreeSet::from(["cmake", "make"].map(|name| name.parse().expect(name)));
        let text = manager.install(&packages);
        assert!(text.starts_with("RUN set -eu; ") && text.ends_with('\n'));
        assert!(text.contains("cmake \\\n        make"), "{text}");
        brought(manager, &[("pcc", "pcc")]);
    }
}

/// A system may have any word as its distribution, but in image names it must be in `naming`'s table.
#[test]
fn each_distribution_is_known_by_that_very_name_and_has_one_manager() {
    let mut seen = BTreeSet::new();
    for manager in MANAGERS {
        assert!(manager.distributions.is_sorted(), "{}", manager.name);
        for distribution in manager.distributions {
            assert!(seen.insert(distribution), "{distribution} twice");
            let os: Os = format!("{distribution}:1").parse().expect(distribution);
            assert_eq!(os.distribution(), *distribution);
            naming::ImageName::new("project", &os, "base").expect(distribution);
            assert_eq!(Manager::of(&os), Some(*manager));
        }
    }
}

/// By every spelling; the modules list only one.
#[test]
fn whose_system_is_whose() {
    let table = [
        ("apt", "debian:12 ubuntu-24.04 ubuntu:25.04 linuxmint:22"),
        ("apt", "raspbian kali:rolling kalilinux"),
        ("apk", "alpine:3.20 wolfi wolfi-base:latest chainguard"),
        ("dnf", "fedora:41 centos:stream9 rhel:9 ubi:9 rocky:9"),
        ("dnf", "rockylinux:9 alma:9 almalinux:9 ol:9 oraclelinux:9"),
        ("dnf", "amzn:2023 amazonlinux:2023"),
        ("", "scratch busybox our-base:3 debian-like"),
    ];
    for (manager, systems) in table {
        for os in systems.split_whitespace() {
            let found = Manager::of(&os.parse().expect(os));
            assert_eq!(found, named(manager), "{os}");
        }
    }
}

#[test]
fn what_a_package_manager_does_not_have() {
    let output = "\
E: Unable to locate package libssl-devv
#7 1.234 E: Unable to locate package make2
E: Package 'gcc-99' has no installation candidate
E: Unable to locate package gcc-98
E: Couldn't find any package by glob 'gcc-98'
ERROR: unable to select packages:
  libfoo (no such package):
    required by: world[libfoo]
No match for argument: zlib-devell
error: No package matches 'zlib-devell'
Error: Unable to find a match: zlib-devell
E: Unable to locate package $(id)
";
    assert_eq!(
        Manager::unknown_packages(output),
        [
            "libssl-devv",
            "make2",
            "gcc-99",
            "gcc-98",
            "libfoo",
            "zlib-devell"
        ]
    );
}
