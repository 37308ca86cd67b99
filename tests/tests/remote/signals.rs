//! Ctrl-C while a registry is slow.

use std::time::Duration;

use pipeline_tests::{Fault, Invocation, Registry, Sandbox, Whom};
use rustix::process::Signal;

use crate::common::{on_the_way, publish, save, two_layers};

/// How long an interrupted command may take on a busy machine. Alone it takes a quarter of a second.
const PROMPT: Duration = Duration::from_secs(3);

/// Interrupts a command, in each way, while a registry stalls a request.
fn interrupt(s: &Sandbox, registry: &Registry, request: &str, command: &dyn Fn() -> Invocation) {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        for whom in [Whom::Alone, Whom::Group] {
            registry.reset();
            registry.fault(Fault::stall(request, 0));
            let before = s.read_if_there("image-registry.yml");
            let running = command().launch();
            let asked = |_: &_| !registry.requests_of(request).is_empty();
            running.wait_until("waiting for the registry", asked);
            let (took, outcome) = running.end_by(signal, whom);
            outcome.code(code).stdout("").stderr_has(": interrupted");
            assert!(took < PROMPT, "{request} {signal:?} {whom:?}: {took:?}");
            assert_eq!(running.others(), [], "{request} {signal:?} {whom:?}");
            assert_eq!(s.read_if_there("image-registry.yml"), before);
            let left = on_the_way(s);
            assert!(
                !left.iter().any(|path| path.contains("oci-put-blob")),
                "{left:?}"
            );
            assert!(
                !left.iter().any(|path| path.contains("unfinished")),
                "{left:?}"
            );
        }
    }
    registry.reset();
}

#[test]
fn a_slow_download_ends_at_once() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let image = two_layers(300_000);
    let reference = publish(&s, &registry, &image, "ci/capy:1");
    let command = || s.command("imgfetch").args(["--insecure", &reference]);
    interrupt(&s, &registry, "GET /manifests/1", &command);
    interrupt(&s, &registry, "GET /blobs/", &command);
    // During a layer.
    let blob = large(&s, &reference);
    for whom in [Whom::Alone, Whom::Group] {
        registry.reset();
        registry.fault(Fault::stall(&format!("GET {blob}"), 100_000));
        let running = command().launch();
        let begun = |_: &_| {
            let blobs = registry.requests_of(&format!("GET {blob}"));
            blobs.iter().any(|it| it.served == 100_000)
        };
        running.wait_until("in the midst of a layer", begun);
        let (took, outcome) = running.end_by(Signal::INT, whom);
        outcome.code(130);
        assert!(took < PROMPT, "{took:?}");
        assert_eq!(running.others(), []);
        let left = on_the_way(&s);
        assert!(
            !left.iter().any(|path| path.contains("oci-put-blob")),
            "{left:?}"
        );
    }
    registry.reset();
    s.run("imgfetch", ["--insecure", &reference]).ok();
    s.run("imgls", ["--check", "--no-engine"]).ok();
    assert_eq!(on_the_way(&s), [""; 0]);
}

#[test]
fn a_pause_before_another_attempt_is_not_waited_for() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    registry.fault(Fault::status("GET /manifests/1", 500));
    let reference = format!("{}/ci/capy:1", registry.address());
    let command = s
        .command("imgfetch")
        .args(["--insecure", "--retry", "99", &reference]);
    let running = command.launch();
    let refused = |_: &_| registry.requests_of("GET /manifests/1").len() == 4;
    running.wait_until("in a pause of seconds", refused);
    let (took, outcome) = running.end_by(Signal::INT, Whom::Alone);
    outcome.code(130);
    assert!(took < PROMPT, "{took:?}");
}

#[test]
fn a_slow_upload_ends_at_once() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    save(&s, &two_layers(300_000), "own-debian-12-base", &[]);
    let to = format!("{}/ci", registry.address());
    let command = || {
        let words = ["--insecure", "--to", &to, "own-debian-12-base"];
        s.command("imgpush").args(words)
    };
    interrupt(&s, &registry, "PATCH /blobs/", &command);
    interrupt(&s, &registry, "PUT /manifests/", &command);
    s.run("imgpush", ["--insecure", "--to", &to, "own-debian-12-base"])
        .ok();
    assert_eq!(on_the_way(&s), [""; 0]);
}

/// The path of the larger layer's blob.
fn large(s: &Sandbox, reference: &str) -> String {
    let reference = format!("docker://{reference}");
    let manifest = s.run(
        "skopeo",
        ["inspect", "--raw", "--tls-verify=false", &reference],
    );
    let manifest: serde_json::Value =
        serde_json::from_str(&manifest.ok().stdout).expect("a manifest");
    let digest = manifest["layers"][1]["digest"].as_str().expect("a digest");
    format!("/blobs/{digest}")
}
