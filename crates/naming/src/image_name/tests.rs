use super::*;
use proptest::prelude::*;

#[test]
fn splits_at_the_distribution() {
    let table = [
        ("capy-ubuntu-25.04-gcc15", "capy", "ubuntu:25.04", "gcc15"),
        (
            "http-proto-debian-12-clang20-asan",
            "http-proto",
            "debian:12",
            "clang20-asan",
        ),
        ("beast2-alpine-3.20-base", "beast2", "alpine:3.20", "base"),
        (
            "x-debian-bookworm-gcc13-cov",
            "x",
            "debian:bookworm",
            "gcc13-cov",
        ),
        ("x-archlinux-gcc15", "x", "archlinux", "gcc15"),
        ("x-scratch-base", "x", "scratch", "base"),
        (
            "my-scratch-pad-ubuntu-24.04-x86",
            "my-scratch-pad",
            "ubuntu:24.04",
            "x86",
        ),
        (
            "debian-tools-debian-12-base",
            "debian-tools",
            "debian:12",
            "base",
        ),
        (
            "x-opensuse-leap-15.6-gcc13",
            "x",
            "opensuse-leap:15.6",
            "gcc13",
        ),
        (
            "x-debian-bookworm-slim-gcc12",
            "x",
            "debian:bookworm",
            "slim-gcc12",
        ),
    ];
    for (text, project, os, variant) in table {
        let name: ImageName = text.parse().expect(text);
        assert_eq!(
            (
                name.project(),
                name.os().to_string().as_str(),
                name.variant()
            ),
            (project, os, variant)
        );
        assert_eq!(name.archive_file(), format!("images/{project}/{text}.tar"));
    }
}

#[test]
fn says_which_rule_was_broken() {
    let table = [
        ("", "empty"),
        ("Capy-ubuntu-25.04-gcc15", "upper-case letter `C`"),
        ("capy ubuntu-25.04-gcc15", "holds ` `"),
        ("-capy-ubuntu-25.04-gcc15", "starts with"),
        ("capy-ubuntu-25.04-gcc15-", "ends with"),
        ("capy--ubuntu-25.04-gcc15", "two separators"),
        ("capy-ubuntu-25.04", "no known distribution"),
        ("ubuntu-25.04-gcc15", "no known distribution"),
        ("capy-ubuntu-gcc15", "no known distribution"),
        ("capy-gcc15", "no known distribution"),
        ("../../etc/passwd", "holds `/`"),
        ("capy-ubuntu-25.04-gcc15\n", "holds `\\n`"),
    ];
    for (text, rule) in table {
        let error = text.parse::<ImageName>().expect_err(text);
        assert!(error.to_string().contains(rule), "{text}: {error}");
    }
    let long = format!("capy-ubuntu-25.04-{}", "a".repeat(128));
    assert!(long.parse::<ImageName>().is_err());
}

#[test]
fn normalizes() {
    let table = [
        ("Capy_Ubuntu 25.04 GCC15", None),
        ("Capy-Ubuntu-25.04-GCC15", Some("capy-ubuntu-25.04-gcc15")),
        (
            "  capy--ubuntu-25.04-gcc15- ",
            Some("capy-ubuntu-25.04-gcc15"),
        ),
        ("capy ubuntu 25.04 gcc 15", Some("capy-ubuntu-25.04-gcc-15")),
        ("capy:ubuntu-25.04-gcc15", Some("capy-ubuntu-25.04-gcc15")),
        ("!!!", None),
    ];
    for (text, expected) in table {
        let found = ImageName::normalize(text).ok();
        assert_eq!(found.as_ref().map(ImageName::as_str), expected, "{text}");
    }
}

#[test]
fn variants_have_an_order() {
    let parse = |variants: &[&str]| {
        variants
            .iter()
            .map(|v| v.parse().expect("variant"))
            .collect::<Vec<Variant>>()
    };
    let os: Os = "ubuntu:25.04".parse().expect("os");
    let gcc: Compiler = "gcc-15".parse().expect("compiler");
    let for_architecture = |architecture, compilers: &[Compiler], variants: &[&str]| {
        ImageName::for_requirement("capy", &os, architecture, compilers, &parse(variants), None)
    };
    let name = |compilers: &[Compiler], variants: &[&str]| {
        for_architecture(Architecture::X86_64, compilers, variants)
            .map(|name| name.variant().to_owned())
    };
    assert_eq!(name(&[], &[]).as_deref(), Ok("base"));
    assert_eq!(
        name(std::slice::from_ref(&gcc), &[]).as_deref(),
        Ok("gcc15")
    );
    assert_eq!(
        name(
            std::slice::from_ref(&gcc),
            &["extra", "x86", "tsan", "coverage", "asan"]
        )
        .as_deref(),
        Ok("gcc15-cov-asan-tsan-x86-extra")
    );
    assert_eq!(name(&[], &["x86"]).as_deref(), Ok("x86"));
    for (architecture, variants, expected) in [
        (Architecture::Aarch64, &[][..], "gcc15-arm64"),
        (Architecture::Aarch64, &["asan"], "gcc15-asan-arm64"),
        (Architecture::Armv7, &[], "gcc15-armv7"),
        (Architecture::X86, &[], "gcc15-x86"),
        (Architecture::X86, &["x86", "asan"], "gcc15-asan-x86"),
        (Architecture::X86_64, &["i386"], "gcc15-x86"),
    ] {
        let name = for_architecture(architecture, std::slice::from_ref(&gcc), variants);
        assert_eq!(name.expect(expected).variant(), expected);
    }
    let arm = Architecture::Aarch64;
    let added = ImageName::for_requirement("capy", &os, arm, &[gcc], &[], Some("make"));
    assert_eq!(added.expect("a name").variant(), "gcc15-make-arm64");
    let bare = ImageName::for_requirement("capy", &os, arm, &[], &[], None);
    assert_eq!(bare.expect("a name").variant(), "arm64");
}

#[test]
fn parts_that_would_not_split_again_are_refused() {
    let os: Os = "ubuntu:25.04".parse().expect("os");
    assert!(ImageName::new("my-debian-12-x", &os, "gcc15").is_err());
    assert!(ImageName::new("", &os, "gcc15").is_err());
    assert!(ImageName::new("a", &os, "").is_err());
    assert!(ImageName::new("a", &"ubuntu".parse().expect("os"), "gcc15").is_err());
    assert!(ImageName::new("a", &"my-distro".parse().expect("os"), "gcc15").is_err());
    let slim = ImageName::new("a", &"debian:bookworm-slim".parse().expect("os"), "gcc12")
        .expect("flavour");
    assert_eq!(slim.as_str(), "a-debian-bookworm-slim-gcc12");
}

proptest! {
    #[test]
    fn whatever_is_accepted_is_safe(text in "(\\PC{0,40})|([a-z0-9._-]{1,10}-(ubuntu|debian|archlinux)-[a-z0-9._-]{1,12})") {
        for name in [text.parse::<ImageName>(), ImageName::normalize(&text)].into_iter().flatten() {
            prop_assert_eq!(&name.to_string().parse::<ImageName>().expect("identity"), &name);
            prop_assert!(name.reference().is_ok());
            prop_assert!(!name.as_str().contains(['/', '\\', '\0']));
            prop_assert!(!name.as_str().starts_with(['.', '-']));
            prop_assert!(name.as_str().len() <= MAX_NAME);
            prop_assert_eq!(name.archive_file().matches("..").count(), 0);
        }
    }

    #[test]
    fn parts_come_back(project in "[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,4}){0,2}", version in "[0-9]{1,2}(\\.[0-9]{2})?", variant in "[a-z0-9]{1,6}(-[a-z0-9]{1,4}){0,2}") {
        let os: Os = format!("ubuntu:{version}").parse().expect("os");
        let name = ImageName::new(&project, &os, &variant).expect("no distribution in the project");
        prop_assert_eq!(name.project(), project);
        prop_assert_eq!(name.os(), &os);
        prop_assert_eq!(name.variant(), variant);
    }
}
