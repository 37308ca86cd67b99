use super::*;

#[test]
fn the_table_is_sorted_and_its_names_are_valid() {
    assert!(TOOLS.is_sorted_by(|a, b| a.name < b.name));
    for tool in TOOLS {
        let name: ToolName = tool.name.parse().expect(tool.name);
        assert!(!tool.commands.is_empty());
        for family in [Family::Apt, Family::Apk, Family::Dnf] {
            assert!(!tool_packages(family, &name).expect(tool.name).is_empty());
        }
    }
    for (alias, meant) in ALIASES {
        assert!(TOOLS.iter().all(|tool| tool.name != alias), "{alias}");
        assert!(TOOLS.iter().any(|tool| tool.name == meant), "{meant}");
    }
}

#[test]
fn found_by_command() {
    let commands: BTreeSet<String> = ["ninja-build", "cmake", "cpack", "libtoolize"]
        .map(str::to_owned)
        .into();
    let names: Vec<_> = find(&commands).iter().map(ToString::to_string).collect();
    assert_eq!(names, ["cmake", "libtool", "ninja"]);
    for (tool, there) in [
        ("ninja", true),
        ("Ninja-Build", true),
        ("cpack", true),
        ("git", false),
        ("nonesuch", false),
    ] {
        assert_eq!(
            is_there(&tool.parse().expect("tool"), &commands),
            there,
            "{tool}"
        );
    }
}

#[test]
fn packages_by_family() {
    let table = [
        ("ninja", ["ninja-build", "samurai", "ninja-build"]),
        ("pkgconf", ["pkg-config", "pkgconf", "pkgconf-pkg-config"]),
        ("nonesuch", ["nonesuch", "nonesuch", "nonesuch"]),
    ];
    for (tool, expected) in table {
        let tool: ToolName = tool.parse().expect("tool");
        for (family, expected) in [Family::Apt, Family::Apk, Family::Dnf]
            .into_iter()
            .zip(expected)
        {
            let names = tool_packages(family, &tool).expect("packages");
            assert_eq!(
                names.iter().map(PackageName::as_str).collect::<Vec<_>>(),
                [expected]
            );
        }
    }
}
