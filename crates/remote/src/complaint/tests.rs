use super::*;

fn fatal(message: &str) -> String {
    format!(
        "Getting image source signatures\ntime=\"2026-01-02T03:04:05Z\" level=fatal msg=\"{message}\"\n"
    )
}

fn told(message: &str) -> Error {
    let reference = "registry.example/x:1".parse().expect("a reference");
    error(&reference, &fatal(message))
}

#[test]
fn refusals_are_told_apart() {
    let image = "Error parsing image name \\\"docker://registry.example/x:1\\\": ";
    type Is = fn(&Error) -> bool;
    let unknown: Is = |error| matches!(error, Error::Unknown { .. });
    let denied: Is = |error| matches!(error, Error::Denied { .. });
    let insecure: Is = |error| matches!(error, Error::Insecure { .. });
    let damaged: Is = |error| matches!(error, Error::Damaged { .. });
    let no_room: Is = |error| matches!(error, Error::NoRoom { .. });
    let lacks: Is = |error| matches!(error, Error::Lacks { .. });
    let failed: Is = |error| matches!(error, Error::Failed { .. }) && error.is_temporary();
    for (message, is) in [
        (
            "reading manifest 1 in registry.example/x: manifest unknown: manifest unknown",
            unknown,
        ),
        (
            "reading manifest 1 in registry.example/x: name unknown: repository name not known to registry",
            unknown,
        ),
        (
            "reading manifest 1 in registry.example/x: StatusCode: 404, <html>",
            unknown,
        ),
        (
            "Error reading configuration blob: Error fetching blob: invalid status code from registry 404 (Not Found)",
            unknown,
        ),
        (
            "pinging container registry registry.example: invalid status code from registry 404 (Not Found)",
            failed,
        ),
        (
            "reading manifest 1 in registry.example/x: StatusCode: 403, <html>",
            denied,
        ),
        (
            "Error reading configuration blob: Download config.json digest sha256:1 does not match expected sha256:2",
            damaged,
        ),
        (
            "reading manifest 1 in docker.io/library/x: errors:\\ndenied: requested access to the resource is denied\\nunauthorized: authentication required",
            denied,
        ),
        (
            "unable to retrieve auth token: invalid username/password: unauthorized: incorrect username or password",
            denied,
        ),
        (
            "pinging container registry registry.example: Get \\\"https://registry.example/v2/\\\": http: server gave HTTP response to HTTPS client",
            insecure,
        ),
        (
            "pinging container registry registry.example: Get \\\"https://registry.example/v2/\\\": x509: certificate signed by unknown authority",
            insecure,
        ),
        (
            "writing blob: storing blob to file \\\"/tmp/x\\\": write /tmp/x: no space left on device",
            no_room,
        ),
        ("open /x/blobs/sha256/1: no such file or directory", lacks),
        (
            "reading blob sha256:1: Digest did not match, expected sha256:1, got sha256:2",
            damaged,
        ),
        (
            "reading manifest 1 in registry.example/x: received unexpected HTTP status: 500 Internal Server Error",
            failed,
        ),
        (
            "pinging container registry registry.example: Get \\\"https://registry.example/v2/\\\": dial tcp 127.0.0.1:1: connect: connection refused",
            failed,
        ),
        ("reading blob sha256:1: unexpected EOF", failed),
    ] {
        let error = told(&format!("{image}{message}"));
        assert!(is(&error), "{message}: {error:?}");
        assert!(!error.to_string().contains("parsing image name"), "{error}");
    }
}

#[test]
fn what_is_said_is_one_harmless_line() {
    let error = told("bad\\nthing: \\\"quoted\\\" \u{1b}[31mred");
    assert_eq!(
        error.to_string(),
        "registry.example/x:1: bad\\nthing: \"quoted\" red"
    );
    let reference: Reference = "x:1".parse().expect("a reference");
    for (tail, expected) in [
        ("", "x:1: it failed without a message"),
        ("one\ntwo\n", "x:1: two"),
        ("FATA[0001] no way\n", "x:1: no way"),
    ] {
        assert_eq!(super::error(&reference, tail).to_string(), expected);
    }
}
