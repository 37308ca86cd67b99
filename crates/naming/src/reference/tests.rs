use super::*;
use proptest::prelude::*;

#[test]
fn reads_what_docker_reads() {
    let hex = "0".repeat(64);
    let table = [
        ("ubuntu", "docker.io/library/ubuntu:latest", "ubuntu:latest"),
        (
            "ubuntu:25.04",
            "docker.io/library/ubuntu:25.04",
            "ubuntu:25.04",
        ),
        (
            "docker.io/library/ubuntu:25.04",
            "docker.io/library/ubuntu:25.04",
            "ubuntu:25.04",
        ),
        ("index.docker.io/a/b", "docker.io/a/b:latest", "a/b:latest"),
        (
            "localhost:5000/x:1",
            "localhost:5000/x:1",
            "localhost:5000/x:1",
        ),
        ("localhost/x", "localhost/x:latest", "localhost/x:latest"),
        (
            "ghcr.io/a/b/c:v1.2-x",
            "ghcr.io/a/b/c:v1.2-x",
            "ghcr.io/a/b/c:v1.2-x",
        ),
        ("[::1]:5000/x", "[::1]:5000/x:latest", "[::1]:5000/x:latest"),
        (
            "a--b__c.d",
            "docker.io/library/a--b__c.d:latest",
            "a--b__c.d:latest",
        ),
        ("library/x", "docker.io/library/x:latest", "x:latest"),
    ];
    for (text, canonical, shown) in table {
        let reference: Reference = text.parse().expect(text);
        assert_eq!(reference.canonical(), canonical);
        assert_eq!(reference.to_string(), shown);
    }
    let pinned: Reference = format!("x@sha256:{hex}").parse().expect("pinned");
    assert_eq!(pinned.tag(), None);
    assert_eq!(pinned.to_string(), format!("x@sha256:{hex}"));
    let both: Reference = format!("x:1@sha256:{hex}").parse().expect("both");
    assert_eq!(both.with_tag("2").expect("tag").to_string(), "x:2");
}

#[test]
fn refuses_what_docker_refuses() {
    for text in [
        "",
        ":1",
        "x:",
        "x:-1",
        "-x",
        "x-",
        "x..y",
        "x._y",
        "x___y",
        "X",
        "a/B",
        "a//b",
        "/a",
        "a/",
        "x y",
        "x;y",
        "--privileged",
        "$(x)",
        "../../etc/passwd",
        "x@sha256:12",
        "x@sha512:00",
        "host:port/x",
        "host:99999/x",
        "-h.io/x",
        "ä",
        "x\n",
        "a.b/",
        "localhost/",
    ] {
        assert!(text.parse::<Reference>().is_err(), "{text:?}");
    }
    assert!("a".repeat(300).parse::<Reference>().is_err());
    assert!("f".repeat(64).parse::<Reference>().is_err());
}

#[test]
fn engines_read_sha256_as_an_id() {
    let hex = "0".repeat(64);
    for (text, expected) in [
        ("sha256:1".to_owned(), true),
        (format!("sha256:{hex}"), true),
        ("sha256".to_owned(), true),
        ("docker.io/library/sha256:1".to_owned(), true),
        (format!("sha256:1@sha256:{hex}"), true),
        ("sha256x:1".to_owned(), false),
        ("x/sha256:1".to_owned(), false),
        ("localhost/sha256:1".to_owned(), false),
        // A name of 12 such digits is valid.
        ("0".repeat(12), false),
        (format!("x:1@sha256:{hex}"), false),
    ] {
        let reference: Reference = text.parse().expect(&text);
        assert_eq!(reference.is_read_as_id(), expected, "{text}");
    }
}

#[test]
fn a_refusal_is_one_short_line_whatever_was_refused() {
    let long = "a".repeat(10_000);
    for text in [
        "a\u{18}b.io/x".to_owned(),
        "a\nb:1/x".to_owned(),
        "x:\u{1b}[2J".to_owned(),
        "x\u{202e}".to_owned(),
        format!("{long}!.io/x"),
        format!("x:{long}"),
        format!("x@sha256:{long}"),
    ] {
        let words = text.parse::<Reference>().expect_err("refused").to_string();
        let forges = |c: char| c.is_control() || c == '\u{202e}';
        assert!(!words.contains(forges), "{words:?}");
        assert!(words.len() < 1000, "{} bytes", words.len());
    }
}

proptest! {
    #[test]
    fn never_panics(text in "\\PC{0,60}") {
        let _ = text.parse::<Reference>();
    }

    #[test]
    fn both_forms_read_back_as_the_same(
        text in "((localhost|a\\.io|[a-z]{1,3}:[0-9]{1,4})/)?([a-z0-9]{1,4}([._-][a-z0-9]{1,3})?/){0,2}[a-z0-9]{1,5}(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,8})?(@sha256:[0-9a-f]{64})?"
    ) {
        let reference: Reference = text.parse().expect("the pattern follows the grammar");
        prop_assert_eq!(&reference.to_string().parse::<Reference>().expect("shown"), &reference);
        prop_assert_eq!(&reference.canonical().parse::<Reference>().expect("canonical"), &reference);
    }
}
