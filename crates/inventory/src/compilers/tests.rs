use super::*;

fn found(packages: &[(&str, &str)], commands: &[&str], gcc: &[&str]) -> Vec<String> {
    let mut installed = Packages::default();
    for (name, version) in packages {
        installed.insert(name, version);
    }
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    find(&installed, &set(commands), &set(gcc))
        .iter()
        .map(ToString::to_string)
        .collect()
}

/// Packages, commands, versions in GCC's folders, and what they come to.
type Case<'a> = (
    &'a [(&'a str, &'a str)],
    &'a [&'a str],
    &'a [&'a str],
    &'a [&'a str],
);

#[test]
fn by_package_and_by_command() {
    let table: [Case; 14] = [
        (
            &[
                ("gcc-12", "12.2.0-14"),
                ("gcc-12-base", "12.2.0-14"),
                ("g++-12", "12"),
            ],
            &[],
            &[],
            &["gcc-12"],
        ),
        (
            &[("gcc", "4:12.2.0-3"), ("gcc-12", "12.2.0-14")],
            &["gcc", "gcc-12"],
            &["12"],
            &["gcc-12"],
        ),
        (
            &[("libgcc-12-dev", "12"), ("gcc-12-base", "12.2.0-14")],
            &[],
            &[],
            &[],
        ),
        (
            &[("clang-15", "1:15.0.6-4"), ("clang", "1:14.0-55")],
            &[],
            &[],
            &["clang-14", "clang-15"],
        ),
        (
            &[("gcc", "13.2.1_git20240309-r0")],
            &["gcc"],
            &["13.2.1"],
            &["gcc-13"],
        ),
        (
            &[("clang18", "18.1.8-r0"), ("clang18-libs", "18.1.8-r0")],
            &["clang-18"],
            &[],
            &["clang-18"],
        ),
        (
            &[("clang", "18.1.8-1.fc40")],
            &["clang", "clang-18"],
            &[],
            &["clang-18"],
        ),
        (&[("gcc", "4.8.5-44.el7")], &["gcc"], &[], &["gcc-4.8"]),
        (&[], &["gcc"], &["13.2.0"], &["gcc-13"]),
        (
            &[],
            &["gcc", "gcc-ar", "gcc-ar-12", "gcc-nm", "clang-format-15"],
            &[],
            &["gcc"],
        ),
        (
            &[],
            &["gcc-12", "clang", "clang++"],
            &[],
            &["clang", "gcc-12"],
        ),
        (&[], &["x86_64-linux-gnu-gcc-12", "clangd"], &[], &[]),
        (&[("gcc-toolset-13-gcc", "13.3")], &[], &[], &[]),
        (&[], &[], &[], &[]),
    ];
    for (packages, commands, gcc, expected) in table {
        assert_eq!(
            found(packages, commands, gcc),
            expected,
            "{packages:?} {commands:?}"
        );
    }
}

#[test]
fn packages_by_family() {
    let table = [
        (Family::Apt, "gcc-12", "gcc-12 g++-12"),
        (Family::Apt, "gcc", "gcc g++"),
        (Family::Apt, "clang-20", "clang-20"),
        (Family::Apt, "gcc-4.8", "gcc-4.8 g++-4.8"),
        (Family::Apk, "gcc-13", "gcc g++ musl-dev"),
        (Family::Apk, "clang-18", "clang18 g++ musl-dev"),
        (Family::Dnf, "gcc-14", "gcc gcc-c++"),
        (Family::Dnf, "clang-18", "clang"),
        (Family::Apt, "tcc", "tcc"),
    ];
    for (family, compiler, expected) in table {
        let compiler: Compiler = compiler.parse().expect("compiler");
        let names = compiler_packages(family, &compiler).expect("packages");
        let names: Vec<_> = names.iter().map(PackageName::as_str).collect();
        assert_eq!(names.join(" "), expected);
    }
    let odd: Compiler = "gcc_x".parse().expect("compiler");
    assert!(compiler_packages(Family::Apt, &odd).is_err());
}
