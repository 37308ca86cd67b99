use super::*;
use proptest::prelude::*;

fn list<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> Vec<T> {
    text.split_whitespace()
        .map(|word| word.parse().expect("valid name"))
        .collect()
}

fn manager_of(base: &str) -> &'static Manager {
    Manager::of(&base.parse().expect("system")).expect("manager")
}

struct Wanted {
    name: &'static str,
    base: &'static str,
    default: &'static str,
    compilers: &'static str,
    packages: &'static str,
    tools: &'static str,
    variants: &'static str,
}

const NOTHING: Wanted = Wanted {
    name: "capy-debian-12-gcc12",
    base: "debian:12",
    default: "",
    compilers: "",
    packages: "",
    tools: "",
    variants: "",
};

fn text(wanted: &Wanted) -> Result<String> {
    let default: Vec<Compiler> = list(wanted.default);
    generate(&Generated {
        name: &wanted.name.parse().expect("name"),
        base: Some(&wanted.base.parse().expect("reference")),
        manager: Some(manager_of(wanted.base)),
        architecture: Architecture::X86_64,
        compilers: &list(wanted.compilers),
        default_compiler: default.first(),
        packages: &list(wanted.packages),
        tools: &list(wanted.tools),
        variants: &list(wanted.variants),
    })
}

/// The manual shows the generated text; it is in the repository's `docs`.
#[test]
fn the_manual_shows_what_is_made() {
    let manual = include_str!("../../../../docs/build-files.md");
    let examples = [
        Wanted {
            compilers: "gcc-12",
            default: "gcc-12",
            packages: "zlib1g-dev libssl-dev",
            tools: "ninja cmake",
            ..NOTHING
        },
        Wanted {
            name: "capy-alpine-3.20-clang18",
            base: "alpine:3.20",
            compilers: "clang-18",
            default: "clang-18",
            packages: "zlib-dev",
            tools: "ninja cmake",
            ..NOTHING
        },
        Wanted {
            name: "capy-fedora-41-gcc14",
            base: "fedora:41",
            compilers: "gcc-14",
            default: "gcc-14",
            packages: "zlib-devel",
            tools: "ninja cmake",
            ..NOTHING
        },
    ];
    for example in examples {
        let text = text(&example).expect("build file");
        assert!(
            manual.contains(&format!("```dockerfile\n{text}```")),
            "docs/build-files.md lacks:\n{text}"
        );
    }
}

#[test]
fn order_does_not_matter() {
    let one = Wanted {
        packages: "b-x a-x",
        tools: "cmake git",
        compilers: "gcc-12 clang-15",
        default: "gcc-12",
        ..NOTHING
    };
    let other = Wanted {
        packages: "a-x b-x a-x",
        tools: "git cmake",
        ..one
    };
    assert_eq!(text(&one).expect("text"), text(&other).expect("text"));
}

#[test]
fn nothing_missing_is_no_layer() {
    let text = text(&NOTHING).expect("text");
    assert!(!text.contains("RUN") && !text.contains("ENV"), "{text}");
    assert!(
        text.contains("base.name=\"docker.io/library/debian:12\""),
        "{text}"
    );
}

#[test]
fn no_remote_registry_has_an_image_of_the_store() {
    for (base, is_of_store) in [
        ("capy-debian-12-base:latest", true),
        ("capy-debian-12-base", true),
        ("capy-debian-12-base:2", false),
        ("ghcr.io/acme/capy-debian-12-base:latest", false),
        ("acme/capy-debian-12-base:latest", false),
        ("debian:latest", false),
    ] {
        let base = base.parse().expect(base);
        assert_eq!(super::is_of_store(&base), is_of_store, "{base}");
    }
}

#[test]
fn without_a_base_and_a_manager_only_the_name_is_said() {
    let text = generate(&Generated {
        name: &"capy-scratch-files".parse().expect("name"),
        base: None,
        manager: None,
        architecture: Architecture::X86_64,
        compilers: &[],
        default_compiler: None,
        packages: &[],
        tools: &[],
        variants: &[],
    });
    assert_eq!(
        text.expect("text"),
        "# capy-scratch-files, made by imgbuild.\nARG BASE_IMAGE=scratch\nFROM ${BASE_IMAGE}\n\n\
         LABEL org.opencontainers.image.title=\"capy-scratch-files\"\n"
    );
}

#[test]
fn variants_bring_packages() {
    let table = [
        ("debian:12", "gcc-12", "x86", "g++-12-multilib"),
        ("debian:12", "clang-15", "x86", "g++-multilib"),
        ("debian:12", "clang-20", "asan", "libclang-rt-20-dev"),
        ("fedora:41", "gcc", "asan", "libasan"),
        ("fedora:41", "gcc", "x86", "glibc-devel.i686"),
        ("alpine:3.20", "clang-18", "ubsan", "compiler-rt"),
    ];
    for (base, compilers, variants, package) in table {
        // Also if the compiler is in the base already.
        for (compilers, default) in [(compilers, ""), ("", compilers)] {
            let wanted = Wanted {
                base,
                compilers,
                default,
                variants,
                ..NOTHING
            };
            let text = text(&wanted).expect("text");
            assert!(text.contains(&format!("        {package}")), "{text}");
        }
    }
    let alpine = Wanted {
        base: "alpine:3.20",
        compilers: "gcc",
        variants: "x86",
        ..NOTHING
    };
    assert!(text(&alpine).is_err());
    let clang15 = Wanted {
        compilers: "clang-15",
        variants: "asan",
        ..NOTHING
    };
    assert!(!text(&clang15).expect("text").contains("libclang-rt"));
}

#[test]
fn another_architecture_is_announced_to_dpkg() {
    let wanted = Wanted {
        packages: "libssl-dev:i386 zlib1g:i386=1.2 make:native",
        ..NOTHING
    };
    let text = text(&wanted).expect("text");
    assert_eq!(
        text.matches("dpkg --add-architecture i386; ").count(),
        1,
        "{text}"
    );
    assert_eq!(text.matches("--add-architecture").count(), 1, "{text}");
}

#[test]
fn the_first_compiler_of_a_kind_is_the_default() {
    let wanted = Wanted {
        compilers: "clang-20 gcc-14",
        default: "gcc-15",
        ..NOTHING
    };
    let text = text(&wanted).expect("text");
    assert!(
        text.contains("for pair in gcc=gcc-15 g++=g++-15 gcov=gcov-15 clang=clang-20 clang++=clang++-20 cc=gcc-15 c++=g++-15; do"),
        "{text}"
    );
    assert!(text.contains("ENV CC=gcc-15 CXX=g++-15"));
    let plain = self::text(&Wanted {
        compilers: "gcc",
        ..NOTHING
    })
    .expect("text");
    assert!(plain.contains("for pair in cc=gcc c++=g++; do"), "{plain}");
}

#[test]
fn names_that_the_manager_has_not_are_refused() {
    assert!(
        text(&Wanted {
            packages: "Foo",
            ..NOTHING
        })
        .is_err()
    );
    assert!(
        text(&Wanted {
            base: "fedora:41",
            packages: "a:i386",
            ..NOTHING
        })
        .is_err()
    );
    assert!(
        text(&Wanted {
            tools: "A_b",
            ..NOTHING
        })
        .is_err()
    );
    assert!(
        text(&Wanted {
            compilers: "icc_x",
            ..NOTHING
        })
        .is_err()
    );
}

proptest! {
    /// With any valid names, every line of the text is one of the known kinds.
    #[test]
    fn no_name_adds_an_instruction(packages in proptest::collection::vec("\\PC{1,12}|[a-z0-9][a-zA-Z0-9+._:=~-]{0,12}", 0..6)) {
        let packages: Vec<PackageName> = packages.iter().filter_map(|name| name.parse().ok()).collect();
        let text = generate(&Generated {
            name: &"capy-debian-12-base".parse().expect("name"),
            base: Some(&"debian:12".parse().expect("reference")),
            manager: Some(manager_of("debian:12")),
            architecture: Architecture::X86_64,
            compilers: &[],
            default_compiler: None,
            packages: &packages,
            tools: &[],
            variants: &[],
        });
        if let Ok(text) = text {
            let instructions = super::super::instructions::parse(&text).expect("parses");
            let names: Vec<_> = instructions.list.iter().map(|i| i.name.as_str()).collect();
            let expected: &[&str] = if packages.is_empty() { &["ARG", "FROM", "LABEL"] } else { &["ARG", "FROM", "RUN", "LABEL"] };
            prop_assert_eq!(names, expected);
        }
    }
}
