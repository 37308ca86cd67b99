use super::*;
use proptest::prelude::*;

#[test]
fn every_spelling() {
    let hex = "0".repeat(64);
    let table = [
        ("ubuntu:25.04", "ubuntu:25.04"),
        ("Ubuntu:25.04", "ubuntu:25.04"),
        ("docker.io/library/ubuntu:25.04", "ubuntu:25.04"),
        (
            &format!("docker.io/library/ubuntu:25.04@sha256:{hex}"),
            "ubuntu:25.04",
        ),
        ("library/debian:12", "debian:12"),
        ("index.docker.io/debian:12", "debian:12"),
        ("i386/debian:12", "debian:12"),
        ("docker.io/arm64v8/ubuntu:24.04", "ubuntu:24.04"),
        ("ubuntu-24.04", "ubuntu:24.04"),
        ("ubuntu-24.04-arm", "ubuntu:24.04"),
        ("ubuntu-latest", "ubuntu:24.04"),
        ("debian-bookworm", "debian:bookworm"),
        ("debian:bookworm-slim", "debian:bookworm-slim"),
        ("alpine-3.20", "alpine:3.20"),
        ("archlinux", "archlinux"),
        ("archlinux:latest", "archlinux"),
        ("arch", "archlinux"),
        ("scratch", "scratch"),
        ("opensuse/leap:15.6", "opensuse-leap:15.6"),
        ("opensuse-leap-15.6", "opensuse-leap:15.6"),
        ("rocky:9", "rockylinux:9"),
        ("my-distro", "my-distro"),
    ];
    for (text, shown) in table {
        let os: Os = text.parse().expect(text);
        assert_eq!(os.to_string(), shown, "{text}");
    }
}

#[test]
fn refuses_what_is_no_system() {
    for text in [
        "",
        " ",
        ":",
        "ubuntu:",
        "ubuntu:25.04; rm -rf /",
        "--privileged",
        "$(x)",
        "../../etc/passwd",
        "ubuntu 25.04",
        "-",
        "ubuntu:-",
        "acme/debian:12",
        "ghcr.io/team/debian:12",
        "localhost:5000/debian",
        "localhost/debian:12",
        "docker.io/acme/library/debian:12",
        "i386/acme/debian:12",
        "quay.io/library/debian:12",
        "quay.io/i386/debian:12",
    ] {
        assert!(text.parse::<Os>().is_err(), "{text:?}");
    }
}

#[test]
fn an_official_image_says_its_architecture() {
    let some = |architecture| Some(architecture);
    for (text, os, architecture, reference) in [
        ("debian:12", "debian:12", None, "debian:12"),
        (
            "Docker.io/library/debian:12",
            "debian:12",
            None,
            "debian:12",
        ),
        (
            "i386/debian:12",
            "debian:12",
            some(Architecture::X86),
            "i386/debian:12",
        ),
        (
            "arm64v8/ubuntu:24.04",
            "ubuntu:24.04",
            some(Architecture::Aarch64),
            "arm64v8/ubuntu:24.04",
        ),
        (
            "arm32v7/alpine:3.20",
            "alpine:3.20",
            some(Architecture::Armv7),
            "arm32v7/alpine:3.20",
        ),
        (
            "amd64/archlinux",
            "archlinux",
            some(Architecture::X86_64),
            "amd64/archlinux:latest",
        ),
        (
            "opensuse/leap:15.6",
            "opensuse-leap:15.6",
            None,
            "opensuse/leap:15.6",
        ),
    ] {
        let image: SystemImage = text.parse().expect(text);
        assert_eq!(image.os.to_string(), os, "{text}");
        assert_eq!(image.architecture, architecture, "{text}");
        assert_eq!(image.reference.to_string(), reference, "{text}");
    }
    let error = "ghcr.io/acme/debian:12"
        .parse::<Os>()
        .expect_err("an image");
    assert!(
        error
            .hint()
            .is_some_and(|hint| hint.contains("`debian:12`")),
        "{error:?}"
    );
}

#[test]
fn runner_labels() {
    let table = [
        ("ubuntu-24.04", Some(("ubuntu:24.04", Architecture::X86_64))),
        (
            "ubuntu-24.04-arm",
            Some(("ubuntu:24.04", Architecture::Aarch64)),
        ),
        (
            "ubuntu-latest",
            Some(("ubuntu:24.04", Architecture::X86_64)),
        ),
        ("windows-2022", None),
        ("macos-15", None),
        ("self-hosted", None),
        ("ubuntu-slim", None),
    ];
    for (label, expected) in table {
        let found = runner(label).map(|(os, architecture)| (os.to_string(), architecture));
        assert_eq!(
            found,
            expected.map(|(os, architecture)| (os.to_owned(), architecture)),
            "{label}"
        );
    }
}

#[test]
fn from_os_release_files() {
    let table = [
        (("debian", Some("12"), Some("bookworm")), "debian:12"),
        (("debian", None, Some("trixie")), "debian:trixie"),
        (("ubuntu", Some("25.04"), Some("plucky")), "ubuntu:25.04"),
        (("alpine", Some("3.20.3"), None), "alpine:3.20"),
        (
            ("alpine", Some("3.22.0_alpha20250108"), None),
            "alpine:edge",
        ),
        (("arch", Some("20260101.0.1"), None), "archlinux"),
        (("fedora", Some("41"), None), "fedora:41"),
        (("rocky", Some("9.4"), None), "rockylinux:9.4"),
        (
            ("opensuse-tumbleweed", Some("20260101"), None),
            "opensuse-tumbleweed",
        ),
    ];
    for ((id, version, codename), shown) in table {
        assert_eq!(
            Os::from_os_release(id, version, codename)
                .expect(id)
                .to_string(),
            shown
        );
    }
    assert!(Os::from_os_release("a b", None, None).is_err());
}

proptest! {
    #[test]
    fn never_panics(text in "\\PC{0,60}") {
        if let Ok(os) = text.parse::<Os>() {
            prop_assert_eq!(os.to_string().parse::<Os>(), Ok(os));
        }
    }

    #[test]
    fn parse_after_format_is_identity(text in "(ubuntu|debian|arch|fedora|opensuse/leap|own)(:[a-z0-9]{1,4}([._-][a-z0-9]{1,4}){0,2})?") {
        let os: Os = text.parse().expect("the pattern follows the grammar");
        prop_assert_eq!(os.to_string().parse::<Os>(), Ok(os));
    }
}
