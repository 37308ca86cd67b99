use super::*;

fn digest(number: u8) -> Digest {
    Digest::from_bytes([number; 32])
}

fn descriptor(number: u8, platform: &str) -> String {
    let platform = match platform.split('/').collect::<Vec<_>>()[..] {
        [os, architecture] => {
            format!(r#","platform":{{"os":"{os}","architecture":"{architecture}"}}"#)
        }
        [os, architecture, variant] => {
            format!(
                r#","platform":{{"os":"{os}","architecture":"{architecture}","variant":"{variant}"}}"#
            )
        }
        _ => String::new(),
    };
    format!(
        r#"{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{}","size":1{platform}}}"#,
        digest(number)
    )
}

fn chosen(text: &str, wanted: &str) -> Result<Option<Digest>, Error> {
    let reference = "x:1".parse().expect("a reference");
    let wanted = wanted.parse().expect("an architecture");
    read(&reference, text.as_bytes(), wanted).map(|document| match document {
        Document::Manifest(_) => None,
        Document::Elsewhere(digest) => Some(digest),
    })
}

#[test]
fn an_index_has_one_image_for_a_platform() {
    let platforms = [
        "windows/amd64",
        "unknown/unknown",
        "linux/arm64/v8",
        "linux/arm/v6",
        "linux/arm/v7",
        "linux/amd64",
    ];
    let listed: Vec<_> = platforms
        .iter()
        .enumerate()
        .map(|(index, platform)| descriptor(u8::try_from(index).expect("few"), platform))
        .collect();
    let index = format!(
        r#"{{"schemaVersion":2,"manifests":[{}]}}"#,
        listed.join(",")
    );
    for (wanted, expected) in [("x86_64", 5), ("arm64", 2), ("armv7", 4), ("armv6", 3)] {
        assert_eq!(
            chosen(&index, wanted).expect(wanted),
            Some(digest(expected)),
            "{wanted}"
        );
    }
    let refused = chosen(&index, "s390x").expect_err("not there").to_string();
    assert!(
        refused.ends_with("not available for linux/s390x, only for windows/amd64, linux/arm64/v8, linux/arm/v6, linux/arm/v7, linux/amd64"),
        "{refused}"
    );
    // Layouts without platforms have an index with one manifest and no platform.
    let one = format!(
        r#"{{"schemaVersion":2,"manifests":[{}]}}"#,
        descriptor(7, "")
    );
    assert_eq!(
        chosen(&one, "x86_64").expect("the only one"),
        Some(digest(7))
    );
}

#[test]
fn only_images_are_taken() {
    let manifest = |config: &str| {
        format!(
            r#"{{"schemaVersion":2,"config":{{"mediaType":"{config}","digest":"{}","size":1}},"layers":[]}}"#,
            digest(1)
        )
    };
    for config in [
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.docker.container.image.v1+json",
    ] {
        assert_eq!(chosen(&manifest(config), "x86_64").expect(config), None);
    }
    for (text, reason) in [
        (
            manifest("application/vnd.cncf.helm.config.v1+json"),
            "is not an image: its config is `application/vnd.cncf.helm",
        ),
        (
            r#"{"schemaVersion":1,"name":"x"}"#.to_owned(),
            "old schema 1",
        ),
        (
            r#"{"schemaVersion":2,"manifests":[]}"#.to_owned(),
            "lists no image",
        ),
        (
            r#"{"schemaVersion":2}"#.to_owned(),
            "not valid: missing field `config`",
        ),
        ("<html>".to_owned(), "not valid"),
        ("[".repeat(10_000), "not valid: recursion limit"),
    ] {
        let refused = chosen(&text, "x86_64").expect_err(reason).to_string();
        assert!(refused.contains(reason), "{refused}");
    }
}
