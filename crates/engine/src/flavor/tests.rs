use super::*;

const DOCKER: &str = r#"{"Client":{"Version":"28.2.2","ApiVersion":"1.41","DefaultAPIVersion":"1.50"},
    "Server":{"Components":[{"Name":"Engine","Version":"20.10.24"}],"Version":"20.10.24+dfsg1"}}"#;
const DOWN: &str = r#"{"Client":{"Version":"28.2.2","ApiVersion":"1.50"},"Server":null}"#;
const PODMAN: &str =
    r#"{"Client":{"APIVersion":"4.3.1","Version":"4.3.1","OsArch":"linux/amd64"}}"#;
const SERVICE: &str = r#"{"Client":{"Version":"28.2.2","ApiVersion":"1.41"},
    "Server":{"Components":[{"Name":"Podman Engine"}],"Version":"5.4.2"}}"#;
const NERDCTL: &str = r#"{"Client":{"Version":"v1.7.0","GitCommit":"x"}}"#;

fn version(json: &str) -> Version {
    parse_version(json.as_bytes()).unwrap()
}

fn reference(text: &str) -> Reference {
    text.parse().unwrap()
}

#[test]
fn the_program_says_what_it_is() {
    let docker = version(DOCKER);
    assert_eq!(
        (docker.flavor, docker.server_flavor),
        (Flavor::Docker, Flavor::Docker)
    );
    assert_eq!(
        (docker.client.as_str(), docker.server.as_str()),
        ("28.2.2", "20.10.24+dfsg1")
    );
    assert_eq!(version(DOWN).flavor, Flavor::Docker);
    let podman = version(PODMAN);
    assert_eq!(
        (podman.flavor, podman.server.as_str()),
        (Flavor::Podman, "4.3.1")
    );
    let service = version(SERVICE);
    assert_eq!(
        (service.flavor, service.server_flavor),
        (Flavor::Docker, Flavor::Podman)
    );
    for other in [NERDCTL, "", "[]", "hello"] {
        assert_eq!(parse_version(other.as_bytes()), None, "{other}");
    }
}

#[test]
fn the_driver_tells_the_store() {
    let containerd = br#"[["driver-type","io.containerd.snapshotter.v1"]]"#;
    assert_eq!(parse_driver_status(containerd), Some(StoreKind::Containerd));
    assert_eq!(
        parse_driver_status(br#"[["Backing Filesystem","extfs"]]"#),
        Some(StoreKind::GraphDriver)
    );
    assert_eq!(parse_driver_status(b"null\n"), Some(StoreKind::GraphDriver));
    assert_eq!(parse_driver_status(b"what"), None);
}

#[test]
fn podman_has_two_names_for_one() {
    let podman = Flavor::Podman;
    assert_eq!(
        podman.spellings(&reference("x:1")),
        ["localhost/x:1", "docker.io/library/x:1"]
    );
    assert_eq!(
        podman.spellings(&reference("a/x:1")),
        ["localhost/a/x:1", "docker.io/a/x:1"]
    );
    assert_eq!(
        podman.spellings(&reference("quay.io/a/x:1")),
        ["quay.io/a/x:1"]
    );
    for name in podman.spellings(&reference("x:1")) {
        assert_eq!(podman.reference(&name), Some(reference("x:1")));
    }

    let docker = Flavor::Docker;
    assert_eq!(docker.spellings(&reference("x")), ["x:latest"]);
    assert_eq!(
        docker.spellings(&reference("sha256:12")),
        ["docker.io/library/sha256:12"]
    );
    assert_ne!(docker.reference("localhost/x:1"), Some(reference("x:1")));
    assert_eq!(docker.reference("<none>:<none>"), None);
}

#[test]
fn an_image_shows_who_has_it() {
    let hex = "1".repeat(64);
    for (prefix, tags, shown) in [
        ("", &[][..], Some(Flavor::Podman)),
        ("", &["x:1"], Some(Flavor::Podman)),
        ("sha256:", &["x:1"], Some(Flavor::Docker)),
        ("sha256:", &["r.example/x:1", "a/x:1"], Some(Flavor::Docker)),
        ("sha256:", &[], None),
        ("sha256:", &["docker.io/library/x:1"], None),
        ("sha256:", &["docker.io/a/x:1", "localhost/x:1"], None),
        ("sha256:", &["r.example/x:1", "localhost:5000/x:1"], None),
        ("sha256:", &["index.docker.io/a/x:1"], None),
        ("sha256:", &["<none>:<none>"], None),
    ] {
        let names: Vec<_> = tags.iter().map(|&tag| tag.to_owned()).collect();
        let id = format!("{prefix}{hex}");
        assert_eq!(Flavor::shown_by(&id, &names), shown, "{prefix} {tags:?}");
    }
}
