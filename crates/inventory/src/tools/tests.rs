use super::*;
use crate::managers::MANAGERS;
use crate::managers::tests::named;

#[test]
fn the_table_is_sorted_and_its_names_are_valid() {
    assert!(TOOLS.is_sorted());
    for (tool, commands) in TOOLS {
        let name: ToolName = tool.parse().expect(tool);
        assert!(!commands.is_empty());
        for manager in MANAGERS {
            assert!(!tool_packages(manager, &name).expect(tool).is_empty());
        }
    }
    for (alias, meant) in ALIASES {
        assert!(!has(alias), "{alias}");
        assert!(has(meant), "{meant}");
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
fn a_tool_by_another_name_and_one_that_is_not_known() {
    let apk = named("apk").expect("apk");
    for (tool, package) in [
        ("Ninja-Build", "samurai"),
        ("cmake", "cmake"),
        ("Nonesuch", "Nonesuch"),
    ] {
        let names = tool_packages(apk, &tool.parse().expect("tool")).expect("packages");
        let names: Vec<_> = names.iter().map(PackageName::as_str).collect();
        assert_eq!(names, [package]);
    }
}
