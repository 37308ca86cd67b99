//! Registries that fail, refuse, or serve wrong content.

use std::time::{Duration, Instant};

use pipeline_tests::{Fault, Registry, Sandbox};

use crate::common::{on_the_way, publish, two_layers};

const ARCHIVE: &str = "images/capy/capy-debian-12-1.tar\n";

#[test]
fn what_may_pass_is_tried_again() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    for (number, (request, status)) in [
        ("GET /manifests/1", 500),
        ("GET /manifests/1", 503),
        ("GET /blobs/", 500),
        ("GET /v2/", 502),
        ("GET /manifests/1", 429),
        ("GET /blobs/", 429),
    ]
    .into_iter()
    .enumerate()
    {
        let path = format!("ci/x{number}:1");
        let reference = publish(&s, &registry, &two_layers(1000), &path);
        registry.fault(Fault::status(request, status).times(1));
        let began = Instant::now();
        let done = s.run("imgfetch", ["--insecure", &reference]);
        done.ok();
        // skopeo handles 429 itself.
        if status != 429 {
            done.stderr_has("; retrying in 1 s\n");
        }
        // Not at once: that would not help an overloaded server.
        assert!(
            began.elapsed() >= Duration::from_secs(1),
            "{request} {status}"
        );
        assert!(registry.requests().iter().any(|it| it.status == status));
        registry.reset();
    }
    s.run("imgls", ["--check", "--no-engine"]).ok();
}

#[test]
fn retry_says_how_often() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let reference = publish(&s, &registry, &two_layers(1000), "ci/capy:1");
    for (retries, attempts) in [("0", 1), ("1", 2)] {
        registry.reset();
        registry.fault(Fault::status("GET /manifests/1", 500));
        s.run("imgfetch", ["--insecure", "--retry", retries, &reference])
            .fails("imgfetch", 5, "500");
        assert_eq!(registry.requests_of("GET /manifests/1").len(), attempts);
    }
    assert!(!s.path("image-registry.yml").exists());
}

#[test]
fn what_does_not_pass_is_not_tried_again() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let reference = publish(&s, &registry, &two_layers(1000), "ci/capy:1");
    for (request, status, code, text) in [
        ("GET /manifests/1", 401, 5, "denied access"),
        ("GET /manifests/1", 403, 5, "denied access"),
        ("GET /v2/", 401, 5, "denied access"),
        ("GET /manifests/1", 404, 4, "has no such image"),
        ("GET /blobs/", 404, 4, "has no such image"),
    ] {
        registry.reset();
        registry.fault(Fault::status(request, status));
        let began = Instant::now();
        s.run("imgfetch", ["--insecure", "--retry", "9", &reference])
            .fails("imgfetch", code, text);
        assert!(
            began.elapsed() < Duration::from_secs(100),
            "{request} {status}"
        );
        let mut asked = registry.requests();
        asked.retain(|it| it.status == status);
        assert!(asked.len() <= 2, "{request} {status}: {asked:?}");
    }
    assert!(!s.path("image-registry.yml").exists());
}

#[test]
fn what_is_not_what_its_digest_says_is_refused_at_once() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let reference = publish(&s, &registry, &two_layers(50_000), "ci/capy:1");
    for (request, what) in [
        ("GET /manifests/sha256", "manifest"),
        ("GET /blobs/", "config"),
        // The third time: the config was requested twice before, and the layers follow it.
        ("GET /blobs/", "layers"),
    ] {
        registry.reset();
        let times = if what == "layers" { usize::MAX } else { 1 };
        registry.fault(Fault::spoil(request).times(times));
        s.run("imgfetch", ["--insecure", "--retry", "9", &reference])
            .code(4)
            .stdout("")
            .stderr_has("imgfetch: ");
        assert!(!s.path("image-registry.yml").exists(), "{what}");
        assert_eq!(s.files("images/capy"), [""; 0], "{what}");
    }
    registry.reset();
    s.run("imgfetch", ["--insecure", &reference])
        .ok()
        .stdout(ARCHIVE);
    s.run("imgls", ["--check", "--no-engine"]).ok();
    assert_eq!(on_the_way(&s), [""; 0]);
}

#[test]
fn a_program_that_hangs_is_aborted_and_a_slow_one_is_not() {
    let s = Sandbox::without_engine();
    let fetch = |skopeo: &str| {
        let words = [
            "--engine-timeout",
            "1s",
            "--skopeo",
            skopeo,
            "localhost:1/a:1",
        ];
        s.run("imgfetch", words)
    };
    // Neither it nor its descendants do I/O.
    s.script("hangs", "sleep 600");
    let began = Instant::now();
    let hung = fetch("./hangs");
    hung.fails("imgfetch", 5, "was aborted after 1 second without I/O");
    hung.stderr_has("hint: if the registry is slow, set a longer timeout with --engine-timeout");
    assert!(began.elapsed() < Duration::from_secs(30));
    assert!(s.processes().is_empty(), "{:?}", s.processes());
    // It prints nothing for longer than that, but moves bytes elsewhere.
    s.script(
        "slow",
        "for i in 1 2 3 4 5 6 7 8 9; do echo $i > slow.bytes; sleep 0.3; done; echo too late >&2; exit 1",
    );
    fetch("./slow").fails("imgfetch", 5, "too late");
    assert!(!s.path("image-registry.yml").exists());
}
