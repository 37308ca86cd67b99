use super::*;
use proptest::prelude::*;

const HOSTILE: [&str; 14] = [
    "",
    "gcc-12; rm -rf /",
    "--privileged",
    "$(x)",
    "../../etc/passwd",
    "a b",
    "a\nb",
    "a|b",
    "`x`",
    "-y",
    "a&b",
    "a'b",
    "a\"b",
    "a\\b",
];

#[test]
fn a_package_says_its_version_and_architecture() {
    for (text, architecture, version) in [
        ("libssl-dev", None, None),
        ("libssl-dev:i386", Some("i386"), None),
        ("libssl-dev=1:3.0", None, Some("1:3.0")),
        ("libssl-dev:i386=3.0", Some("i386"), Some("3.0")),
    ] {
        let package: PackageName = text.parse().expect(text);
        assert_eq!(package.name(), "libssl-dev");
        assert_eq!(
            (package.architecture(), package.version()),
            (architecture, version)
        );
    }
}

#[test]
fn hostile_items_are_refused() {
    for text in HOSTILE {
        assert!(text.parse::<PackageName>().is_err(), "{text:?}");
        assert!(text.parse::<Compiler>().is_err(), "{text:?}");
        assert!(text.parse::<ToolName>().is_err(), "{text:?}");
        assert!(text.parse::<Variant>().is_err(), "{text:?}");
    }
    for text in ["a:", "a=", "a:b:c", "a=1=2", "a:=1"] {
        assert!(text.parse::<PackageName>().is_err(), "{text:?}");
    }
    assert!("gcc-".parse::<Compiler>().is_err());
}

#[test]
fn the_bare_name_of_a_package() {
    for (text, name) in [("zlib1g:i386=1:1.2", "zlib1g"), ("g++-12", "g++-12")] {
        let package: PackageName = text.parse().expect(text);
        assert_eq!(package.name(), name);
    }
}

#[test]
fn compilers() {
    let table = [
        ("gcc-15", "gcc", Some("15"), "gcc15"),
        ("GCC-15", "gcc", Some("15"), "gcc15"),
        ("gcc-4.8", "gcc", Some("4.8"), "gcc4.8"),
        ("clang", "clang", None, "clang"),
        ("intel-oneapi", "intel-oneapi", None, "intel-oneapi"),
    ];
    for (text, name, version, in_name) in table {
        let compiler: Compiler = text.parse().expect(text);
        assert_eq!(
            (
                compiler.name(),
                compiler.version(),
                compiler.in_name().as_str()
            ),
            (name, version, in_name)
        );
    }
}

proptest! {
    #[test]
    fn accepted_items_are_shell_safe(text in "\\PC{0,20}") {
        if let Ok(package) = text.parse::<PackageName>() {
            prop_assert!(package.as_str().bytes().all(|b| b.is_ascii_alphanumeric() || b"+._-:=~".contains(&b)));
            prop_assert!(!package.as_str().starts_with('-'));
            prop_assert_eq!(package.to_string().parse::<PackageName>(), Ok(package));
        }
        let _ = (text.parse::<Compiler>(), text.parse::<ToolName>(), text.parse::<Variant>());
    }
}
