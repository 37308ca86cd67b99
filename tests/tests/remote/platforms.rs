//! Images for several platforms.

use pipeline_tests::{Registry, Sandbox};
use samples::{Packing, Tar, TestImage, blob_name, index};
use serde_json::json;

use crate::common::{debian, entry, image, image_for};

/// Publishes an index of images, each for the platform with it.
fn publish(s: &Sandbox, registry: &Registry, images: &[(&TestImage, serde_json::Value)]) -> String {
    let mut tar = Tar::new();
    let mut listed = Vec::new();
    for (image, platform) in images {
        let (more, mut descriptor) = image.blobs(tar, Packing::Gzip);
        tar = more;
        descriptor["platform"] = platform.clone();
        listed.push(descriptor);
    }
    let media_type = "application/vnd.oci.image.index.v1+json";
    let list = json!({ "schemaVersion": 2, "mediaType": media_type, "manifests": listed });
    let list = list.to_string();
    let digest = samples::digest(list.as_bytes());
    let tar = tar.file(&blob_name(digest), &list);
    let descriptor = json!({ "mediaType": media_type, "digest": digest, "size": list.len() });
    s.write("layout.tar", index(tar, &[descriptor]).bytes());
    let reference = format!("{}/ci/many:1", registry.address());
    s.sh("mkdir layout && tar -xf layout.tar -C layout").ok();
    s.command("skopeo")
        .args([
            "copy",
            "--quiet",
            "--all",
            "--dest-tls-verify=false",
            "oci:layout",
        ])
        .arg(format!("docker://{reference}"))
        .run()
        .ok();
    s.sh("rm -r layout layout.tar").ok();
    registry.reset();
    reference
}

#[test]
fn the_image_for_this_machine_is_taken_unless_another_is_asked_for() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let (own, other) = (
        image(vec![debian(1000)]),
        image_for("s390x", vec![debian(1000)]),
    );
    let config: serde_json::Value = serde_json::from_slice(&own.config).expect("JSON");
    let reference = publish(
        &s,
        &registry,
        &[
            (&other, json!({ "os": "linux", "architecture": "s390x" })),
            (
                &own,
                json!({ "os": "linux", "architecture": config["architecture"] }),
            ),
        ],
    );
    s.run("imgfetch", ["--insecure", &reference]).ok();
    let fetched = entry(&s, "many-debian-12-1");
    assert_eq!(
        fetched["image_id"].as_str(),
        Some(&*own.image_id().to_string())
    );
    let words = [
        "--insecure",
        "--platform",
        "linux/s390x",
        "--name",
        "many-debian-12-z",
        &reference,
    ];
    s.run("imgfetch", words).ok();
    let fetched = entry(&s, "many-debian-12-z");
    assert_eq!(
        fetched["image_id"].as_str(),
        Some(&*other.image_id().to_string())
    );
    assert_eq!(fetched["architecture"].as_str(), Some("s390x"));
    // The digests of both are pinned, independent of the next machine.
    s.sh("rm -r images").ok();
    let before = s.read("image-registry.yml");
    s.run("imgfetch", ["--insecure", "--all"]).ok();
    assert_eq!(s.read("image-registry.yml"), before);
    s.run("imgls", ["--check", "--no-engine"]).ok();
    for (platform, code, text) in [
        (
            "linux/arm/v6",
            4,
            "not available for linux/arm/v6, only for linux/s390x, linux/",
        ),
        ("linux/nonsense", 2, "nonsense"),
        ("windows/amd64", 2, "windows"),
    ] {
        let words = [
            "--insecure",
            "--platform",
            platform,
            "--name",
            "a-debian-12-b",
            &reference,
        ];
        s.run("imgfetch", words).fails("imgfetch", code, text);
    }
}

#[test]
fn a_single_image_for_another_machine_is_not_what_was_asked_for() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let reference = crate::common::publish(
        &s,
        &registry,
        &image_for("arm64", vec![debian(1000)]),
        "ci/one:1",
    );
    s.run(
        "imgfetch",
        ["--insecure", "--platform", "linux/amd64", &reference],
    )
    .fails("imgfetch", 4, "is an image for aarch64, not for x86_64");
    assert_eq!(
        s.files("images")
            .iter()
            .filter(|path| path.ends_with(".tar"))
            .count(),
        0
    );
    s.run(
        "imgfetch",
        ["--insecure", "--platform", "linux/arm64", &reference],
    )
    .ok();
}
