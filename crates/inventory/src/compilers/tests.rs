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

/// Packages, commands, versions in GCC's folders, and the result.
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
