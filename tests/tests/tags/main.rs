//! Tags: each points to its old image, or to a checked image that was requested under it.

#![expect(clippy::expect_used, reason = "in tests, and in what they share")]

mod anytime;
mod names;
mod pinned;
mod podman;
mod raced;

use pipeline_tests::Sandbox;
use samples::{Dice, Packing, Tar, TestImage, digest, index};
use serde_json::json;

/// An archive's layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// `manifest.json` and its config: the manifest's digest is unknown.
    Docker,
    /// `index.json` and its manifest.
    Oci,
}

/// An image of this sandbox with one layer of so many random bytes.
fn image(s: &Sandbox, dice: &mut Dice, length: usize) -> TestImage {
    let layer = Tar::new()
        .file("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n")
        .file("data", dice.bytes(length))
        .bytes();
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": { "Labels": { "imgpipe.test": s.project() } },
        "rootfs": { "type": "layers", "diff_ids": [digest(&layer)] },
    });
    TestImage {
        config: config.to_string().into_bytes(),
        layers: vec![layer],
        tag: "",
    }
}

/// Writes an archive of the image under these names.
fn write(s: &Sandbox, path: &str, image: &TestImage, layout: Layout, names: &[String]) {
    write_all(s, path, layout, &[(image, names)]);
}

/// Writes an archive of several images, each under its names.
fn write_all(s: &Sandbox, path: &str, layout: Layout, images: &[(&TestImage, &[String])]) {
    let mut tar = Tar::new();
    let mut listed = Vec::new();
    for (image, names) in images {
        match layout {
            Layout::Docker => {
                let config = format!("{}.json", image.image_id().hex());
                let layer = format!("{}.tar", digest(&image.layers[0]).hex());
                tar = tar
                    .file(&config, &image.config)
                    .file(&layer, &image.layers[0]);
                listed.push(json!({ "Config": config, "RepoTags": names, "Layers": [layer] }));
            }
            Layout::Oci => {
                let descriptor;
                (tar, descriptor) = image.blobs(tar, Packing::Plain);
                listed.extend(names.iter().map(|name| {
                    let mut named = descriptor.clone();
                    let full = match name.contains('/') {
                        true => name.clone(),
                        false => format!("docker.io/library/{name}"),
                    };
                    named["annotations"] = json!({ "io.containerd.image.name": full });
                    named
                }));
            }
        }
    }
    let tar = match layout {
        Layout::Docker => tar.file("manifest.json", json!(listed).to_string()),
        Layout::Oci => index(tar, &listed),
    };
    s.write(path, tar.bytes());
}

/// The digest of the manifest that [`write`] gives an OCI layout.
fn manifest(image: &TestImage) -> String {
    let (_, descriptor) = image.blobs(Tar::new(), Packing::Plain);
    descriptor["digest"].as_str().expect("a digest").to_owned()
}

/// Changes a byte of the layer of an archive.
fn damage(s: &Sandbox, path: &str, image: &TestImage) {
    let mut bytes = s.read_bytes(path);
    let layer = &image.layers[0];
    let place = bytes
        .windows(layer.len())
        .position(|bytes| bytes == &layer[..]);
    bytes[place.expect("the layer") + layer.len() / 2] ^= 1;
    s.write(path, bytes);
}
