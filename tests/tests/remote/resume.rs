//! Interrupted downloads continue, layer by layer.

use pipeline_tests::{Fault, Registry, Sandbox};

use crate::common::{config_digest, on_the_way, publish, two_layers};

const ARCHIVE: &str = "images/capy/capy-debian-12-1.tar\n";

/// How many bytes were served of blobs as long as the second layer.
fn large(registry: &Registry) -> usize {
    let blobs = registry.requests_of("GET /blobs/");
    blobs.iter().filter(|it| it.served > 100_000).count()
}

#[test]
fn whole_layers_stay_after_a_failure_and_the_rest_is_fetched() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    // The large layer arrives; half of the small one, too.
    let image = crate::common::image(vec![
        crate::common::debian(300_000),
        crate::common::layer("more", 60_000),
    ]);
    let reference = publish(&s, &registry, &image, "ci/capy:1");
    let small = small_blob(&s, &reference);
    registry.fault(Fault::cut(&format!("GET {small}"), 30_000));
    s.run("imgfetch", ["--insecure", "--retry", "0", &reference])
        .fails("imgfetch", 5, &reference);
    assert!(!s.path("image-registry.yml").exists());
    assert_eq!(s.files("images/capy"), [""; 0]);
    assert!(!on_the_way(&s).is_empty(), "nothing to go on with");
    assert!(
        on_the_way(&s)
            .iter()
            .all(|path| !path.contains("oci-put-blob")),
        "half a layer is left: {:?}",
        on_the_way(&s)
    );
    registry.reset();
    s.run("imgfetch", ["--insecure", &reference])
        .ok()
        .stdout(ARCHIVE);
    assert_eq!(large(&registry), 0, "{:?}", registry.requests());
    assert_eq!(registry.requests_of(&format!("GET {small}")).len(), 1);
    s.run("imgls", ["--check", "--no-engine"]).ok();
    assert_eq!(on_the_way(&s), [""; 0]);
}

#[test]
fn a_cut_is_mended_within_one_call() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let image = crate::common::image(vec![
        crate::common::debian(300_000),
        crate::common::layer("more", 60_000),
    ]);
    let reference = publish(&s, &registry, &image, "ci/capy:1");
    let small = small_blob(&s, &reference);
    registry.fault(Fault::cut(&format!("GET {small}"), 30_000).times(1));
    s.run("imgfetch", ["--insecure", &reference])
        .ok()
        .stdout(ARCHIVE);
    assert_eq!(registry.requests_of(&format!("GET {small}")).len(), 2);
    s.run("imgls", ["--check", "--no-engine"]).ok();
}

#[test]
fn what_was_left_behind_is_checked_like_anything_else() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let reference = publish(&s, &registry, &two_layers(300_000), "ci/capy:1");
    registry.fault(Fault::status("GET /blobs/", 404));
    s.run("imgfetch", ["--insecure", &reference]).code(4);
    registry.reset();
    // An attempt that fails at its last step: all blobs are there.
    s.write("images/capy", "in the way of a folder");
    s.run("imgfetch", ["--insecure", &reference]).code(1);
    let large = on_the_way(&s)
        .into_iter()
        .find(|path| s.read_bytes(path).len() > 100_000)
        .expect("the blobs stay");
    let mut bytes = s.read_bytes(&large);
    bytes[1000] ^= 1;
    s.write(&large, bytes);
    s.remove("images/capy");
    s.run("imgfetch", ["--insecure", &reference]).code(4);
    assert!(!s.path("image-registry.yml").exists());
    assert_eq!(on_the_way(&s), [""; 0]);
    s.run("imgfetch", ["--insecure", &reference])
        .ok()
        .stdout(ARCHIVE);
    s.run("imgls", ["--check", "--no-engine"]).ok();
}

/// The path of the smaller layer's blob.
fn small_blob(s: &Sandbox, reference: &str) -> String {
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

#[test]
fn a_download_that_was_killed_goes_on() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let image = crate::common::image(vec![
        crate::common::debian(300_000),
        crate::common::layer("more", 60_000),
    ]);
    let reference = publish(&s, &registry, &image, "ci/capy:1");
    let small = small_blob(&s, &reference);
    registry.fault(Fault::stall(&format!("GET {small}"), 30_000));
    let command = s.command("imgfetch").args(["--insecure", &reference]);
    let running = command.launch();
    running.wait_until("in the midst of the last layer", |_| {
        let whole = |path: &String| s.read_bytes(path).len() > 300_000;
        registry
            .requests_of(&format!("GET {small}"))
            .iter()
            .any(|it| it.served == 30_000)
            && on_the_way(&s)
                .iter()
                .filter(|path| !path.contains("oci-put-blob"))
                .any(whole)
    });
    // By SIGKILL, with its descendants.
    drop(running);
    assert!(!s.path("image-registry.yml").exists());
    registry.reset();
    s.run("imgfetch", ["--insecure", &reference])
        .ok()
        .stdout(ARCHIVE);
    assert_eq!(large(&registry), 0, "{:?}", registry.requests());
    s.run("imgls", ["--check", "--no-engine"]).ok();
    assert_eq!(on_the_way(&s), [""; 0]);
}

#[test]
fn what_was_done_but_for_its_last_step_leaves_nothing() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let reference = publish(&s, &registry, &two_layers(1000), "ci/capy:1");
    let image_id = config_digest(&s, &reference).replace("sha256:", "");
    let to = format!("{}/ci", registry.address());
    let fetch = ["imgfetch", "--insecure", &reference];
    let push = ["imgpush", "--insecure", "--to", &to, "capy-debian-12-1"];
    for (name, words) in [
        (image_id.clone(), &fetch[..]),
        (format!("push-{image_id}"), &push),
    ] {
        let run = || s.run(words[0], &words[1..]);
        let first = run();
        first.ok();
        // The state after a kill when all is registered.
        s.write(
            &format!("images/.imgpipe/transfers/{name}/blobs/sha256/x"),
            "blob",
        );
        run().ok().stdout(&first.stdout);
        assert_eq!(on_the_way(&s), [""; 0], "{words:?}");
    }
}
