use super::*;

#[test]
fn missing_is_told_from_broken() {
    for missing in [
        "Error: No such image: x",
        "Error response from daemon: no such image: nope: No such image: nope:latest\n",
        "Error: inspecting object: nope: image not known",
        "Emulate Docker CLI using podman. Create /etc/containers/nodocker to quiet msg.\nerror inspecting object: x: image not known\nError: inspecting object: y: image not known",
        "time=\"…\" level=warning msg=\"cgroups\"\nError: No such image: x",
        // podman 5
        "time=\"…\" level=warning msg=\"cgroups\"\nlocalhost/x:1: image not known\nError: docker.io/library/x:1: image not known",
    ] {
        assert!(only_missing(missing), "{missing}");
    }
    for broken in [
        "",
        "WARNING: something",
        "Error: No such image: x\nError response from daemon: i/o timeout",
        "Cannot connect to the Docker daemon at unix:///nope. Is the docker daemon running?",
        "no such image, said the RUN step",
    ] {
        assert!(!only_missing(broken), "{broken}");
    }
}

#[test]
fn unreachable_engines_say_so() {
    for (stderr, line) in [
        (
            "Cannot connect to the Docker daemon at unix:///nope. Is the docker daemon running?",
            true,
        ),
        (
            "x\nfailed to connect to the docker API at unix:///nope; check if the path is correct",
            true,
        ),
        (
            "Got permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock",
            true,
        ),
        (
            "permission denied while trying to connect to the Docker API at unix:///var/run/docker.sock",
            true,
        ),
        ("error during connect: Get \"http://x\": dial tcp", true),
        ("Error: unable to connect to Podman socket: dial unix", true),
        ("Error response from daemon: permission denied", false),
        ("curl: cannot connect to x", false),
    ] {
        assert_eq!(unreachable_line(stderr).is_some(), line, "{stderr}");
    }
}

#[test]
fn load_may_fail_with_success() {
    assert!(
        load_complaint(
            "Loaded image: x:1\nError unpacking image x:1: content digest sha256:…: not found"
        )
        .is_some()
    );
    assert!(load_complaint("invalid diffID for layer 2").is_some());
    assert_eq!(
        load_complaint(
            "The image x:1 already exists, renaming the old one with ID sha256:… to empty string\nLoaded image: x:1"
        ),
        None
    );
}

#[test]
fn an_image_that_went_away_is_no_missing_one() {
    for lost in [
        "Error response from daemon: NotFound: content digest sha256:d6: not found",
        "Error: layer not known",
        "Error: checking if image \"64\" is dangling: reading image \"64\": locating image with ID \"64\": image not known",
    ] {
        assert!(lost_an_image(lost), "{lost}");
    }
    assert!(!lost_an_image(
        "Error: inspecting object: x:1: image not known"
    ));
}

#[test]
fn a_damaged_image_is_told_from_a_warning_of_one() {
    let said = r#"locating item named "manifest" for image with ID "2f0f" (consider removing the image to resolve the issue): file does not exist"#;
    let warning =
        format!("time=\"2026-11-27T02:48:04Z\" level=warning msg=\"{said}, ignoring the error\"");
    assert!(has_damaged_image(&format!("{warning}\nError: {said}")));
    assert!(has_damaged_image(
        r#"Error: retrieving label for image "6b9f": you may need to remove the image to resolve the error: fallback error checking whether image is a manifest list: reading data blob size "manifest-sha256:7a02" for "6b9f": size is not known"#
    ));
    assert!(!has_damaged_image(&format!(
        "{warning}\nError: x: image not known"
    )));
}
